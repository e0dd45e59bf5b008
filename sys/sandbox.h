/* sandbox.h -- give up every right that trust/roles.c does not list. */
#pragma once

#include <sys/types.h>

#include "trust/roles.h"

struct sandbox {
	enum role role;
	uid_t uid;     /* also the gid                          */
	int netns;     /* an empty network namespace, or -1     */
	int root;      /* an empty directory to be root, or -1  */
	int directory; /* FILES_OWN: the only one, or -1        */
	/* roles with threads start them here: all but the calls is given up,
	 * and the calls are for every thread */
	void (*threads)(void *owner);
	void *owner;
};

/* What could not be had; joined bits. */
enum {
	WEAK_UID = 1,
	WEAK_NETWORK = 2,
	WEAK_ROOT = 4,
	WEAK_SECCOMP = 8,
	WEAK_LIMITS = 16,
	WEAK_LANDLOCK = 32, /* the kernel has none: no reason to stop */
};

/* Returns the parts that are missing; 0 is complete.  There is no way back. */
unsigned sandbox_enter(const struct sandbox *s);

/* "uid network ..." of joined WEAK_ bits, for the operator. */
const char *sandbox_weakness(unsigned weak);
