/* mount.h -- what the kernel says about the volume of a directory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/fault.h"

struct mount_facts {
	uint64_t device;         /* of the directory                     */
	uint64_t root_device;    /* of "/"                               */
	uint64_t program_device; /* of this program's file               */
	bool nodev, nosuid, noexec, read_only;
	bool in_memory;          /* tmpfs and the like: gone after a boot */
};

/* Reads paths: before the sandbox. */
FALLIBLE mount_facts(int directory, struct mount_facts *out);
