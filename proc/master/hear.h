/* hear.h -- what the roles tell master, by the rows of trust/messages.def. */
#pragma once

#include "proc/master/process.h"

/* For the channel of every process; the owner is the master. */
extern const struct handlers hear_role;
