/* sentinel.h -- accounts and groups of the system that are there by default or
 * could be used (NC-2.1.2).
 *
 * Of accounts with a number below 1000 only those listed in sentinel.c, with what
 * needs them, may be there, and nobody can log in to them: no shell, no password,
 * no key, no jobs of their own, no group that rules the host.
 */
#pragma once

#include <stdint.h>

#include "lib/base/fault.h"

#define SENTINEL_FINDINGS 64

struct sentinel_finding {
	char name[64];
	const char *why; /* static */
};

struct sentinel {
	uint32_t accounts, groups; /* that were looked at                   */
	uint32_t found;            /* findings, also those that do not fit  */
	struct sentinel_finding at[SENTINEL_FINDINGS];
};

/* Read passwd, shadow and group below `root` ("" in real life).
 *
 * sys_failed  one of them cannot be read */
FALLIBLE sentinel_look(const char *root, struct sentinel *out);
