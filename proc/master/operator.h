/* operator.h -- `posthold status` and `posthold reload`. */
#pragma once

#include "proc/master/process.h"

/* Answer on the control socket m->controls[MASTER]. */
FALLIBLE operator_open(struct master *m);
