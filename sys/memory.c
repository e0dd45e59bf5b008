#include "sys/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/must.h"
#include "sys/fd.h"
#include "sys/file.h"

FALLIBLE
memory_open(const char *name, size_t size, struct memory *out)
{
	OWNED(fd_close) int fd = -1;
	void *at;

	MUST(size > 0);
	TRY(fd_memory(name, &fd));
	if (ftruncate(fd, (off_t)size) != 0)
		return &fault_sys_failed;
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		fd, 0);
	if (at == MAP_FAILED)
		return &fault_sys_failed;
	*out = (struct memory){ at, size, fd_give(&fd) };
	return OK;
}

FALLIBLE
memory_seal(struct memory *m, size_t used, int *fd)
{
	OWNED(fd_close) int owned = fd_give(&m->fd);

	MUST(used > 0 && used <= m->size);
	memory_close(m); /* a seal waits for no writable mapping */
	if (ftruncate(owned, (off_t)used) != 0)
		return &fault_sys_failed;
	TRY(fd_seal(owned));
	*fd = fd_give(&owned);
	return OK;
}

void
memory_close(struct memory *m)
{
	if (m->at)
		munmap(m->at, m->size);
	fd_close(&m->fd);
	*m = MEMORY_CLOSED;
}

static FALLIBLE
copy_of(int fd, size_t size, struct memory *out)
{
	OWNED(memory_close) struct memory m = MEMORY_CLOSED;
	size_t len;

	TRY(memory_open("copy", size, &m));
	TRY(file_read(fd, 0, m.at, size, &len));
	if (len != size)
		return &fault_sys_failed;
	*out = m;
	m = MEMORY_CLOSED;
	return OK;
}

FALLIBLE
memory_of(int fd, size_t size, struct memory *out)
{
	const void *at;

	if (fd_map_sealed(fd, size, &at))
		return copy_of(fd, size, out);
	*out = (struct memory){ (uint8_t *)(uintptr_t)at, size, -1 };
	return OK;
}
