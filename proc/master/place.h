/* place.h -- where the site runs: its directories, its lock, an empty network.
 */
#pragma once

#include "proc/master/process.h"

/* Make what is missing, and take the lock that keeps a second master away.
 * Says what is wrong and returns false when the site cannot run there. */
bool place_prepare(struct master *m);
