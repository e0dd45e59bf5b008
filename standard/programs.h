/* programs.h -- what is installed beside the running master. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* The name of a program there that is no role of this build; "" when there is
 * none.  False: it cannot be seen. */
bool programs_more(pid_t master, char out[64]);
