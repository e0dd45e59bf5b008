/* hostile.h -- what a process that has been taken over would try.
 *
 * Only builds with MODE=hostile have this; they answer a forbidden system call
 * with an error instead of the end of the process, so that one process can try
 * them all.  tests/hostile starts such a site and reads the report.
 */
#pragma once

#include "trust/roles.h"

/* Try everything; write "hostile ROLE: N of N denied" and a line for each
 * attempt that succeeded to standard error.  Returns how many succeeded. */
int hostile_try_all(enum role self);
