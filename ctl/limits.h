/* limits.h -- a limit as a line of the settings file. */
#pragma once

#include <stdio.h>

#include "lib/policy/limits.h"

/* At most `most`, and at most what its setting takes; octets in whole MiB. */
void limits_write(FILE *f, enum limit_number n, uint64_t most);
