#include "sys/mapping.h"

#include <sys/mman.h>

#include "sys/fd.h"
#include "sys/file.h"

/* All of it is allocated: a full volume must not end us later. */
static FALLIBLE
make(int directory, const char *name, size_t size, int *out)
{
	OWNED(fd_close) int fd = -1;

	TRY(file_unlink(directory, name));
	TRY(file_create(directory, name, &fd));
	TRY(file_allocate(fd, size));
	*out = fd_give(&fd);
	return OK;
}

/* Somebody may have cut it meanwhile: allocating again is cheap and makes every
 * page safe to touch. */
static FALLIBLE
reuse(int directory, const char *name, size_t size, int *out)
{
	OWNED(fd_close) int fd = -1;
	uint64_t there;

	TRY(file_open(directory, name, true, &fd));
	TRY(fd_size(fd, &there));
	if (there != size)
		return &fault_storage_failed;
	TRY(file_allocate(fd, size));
	*out = fd_give(&fd);
	return OK;
}

FALLIBLE
mapping_open(
	int directory, const char *name, size_t size, void **out, bool *fresh)
{
	OWNED(fd_close) int fd = -1;
	void *at;

	*fresh = reuse(directory, name, size, &fd) != OK;
	if (*fresh)
		TRY(make(directory, name, size, &fd));
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return &fault_storage_failed;
	*out = at;
	return OK;
}
