/* sandbox_calls.h -- the system calls of each family, sys/sandbox.c only. */
#pragma once

#include <stddef.h>

#include "trust/roles.h"

struct call_row {
	unsigned family; /* enum role_calls */
	int number;
};

extern const struct call_row sandbox_calls[];
extern const size_t sandbox_calls_count;
