/* memory.h -- shared memory that is filled here and read by another process.
 *
 *	memory_open("view", size, &m)
 *	... write to m.at ...
 *	memory_seal(&m, used, &fd)
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

struct memory {
	uint8_t *at; /* NULL: not open */
	size_t size;
	int fd;
};

#define MEMORY_CLOSED ((struct memory){ NULL, 0, -1 })

/* Zeroed; size > 0. */
FALLIBLE memory_open(const char *name, size_t size, struct memory *out);

/* Cut it to `used` > 0 octets that nobody can change any more.  *fd belongs to
 * the caller; `m` is closed. */
FALLIBLE memory_seal(struct memory *m, size_t used, int *fd);

/* Also for one that is closed. */
void memory_close(struct memory *m);

/* `size` octets of a descriptor, which stay as they are: the memory itself
 * when it is sealed (out->fd is -1 then), else a copy.  Undo with memory_close.
 *
 * sys_failed  it has fewer octets */
FALLIBLE memory_of(int fd, size_t size, struct memory *out);
