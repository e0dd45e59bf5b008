/* file.h -- files below a directory that was opened once.
 *
 * Every call that matters for durability passes file_hook first, so that a test
 * can make the N-th one fail, end the process there, or remember what was not
 * synced.  Names have no "/" and no link is followed (security rule V7).
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

enum file_call { FILE_OPEN, FILE_WRITE, FILE_SYNC, FILE_SYNC_DIRECTORY,
	FILE_ALLOCATE, FILE_RENAME, FILE_UNLINK };

/* Called before the call; a fault is the call's result and nothing happens.
 * octets and offset count for FILE_WRITE. */
typedef const struct fault *file_hook(void *arg, enum file_call call, int fd,
	uint64_t offset, struct span octets);
void file_set_hook(file_hook *hook, void *arg);

/* All say storage_failed, and storage_full where there is no room. */

FALLIBLE file_open(int directory, const char *name, bool write, int *out);

/* Makes it, mode 0600.
 *
 * file_exists */
FALLIBLE file_create(int directory, const char *name, int *out);

/* A file without a name, on the volume of `directory`: it vanishes with its last
 * descriptor. */
FALLIBLE file_unnamed(int directory, int *out);

FALLIBLE file_rename(int directory, const char *from, const char *to);

/* No such file is no fault. */
FALLIBLE file_unlink(int directory, const char *name);

/* Whole or not; short writes are gone on with (rule D4). */
FALLIBLE file_write(int fd, uint64_t offset, struct span octets);

/* Up to `cap` octets; fewer at the end of the file only. */
FALLIBLE file_read(int fd, uint64_t offset, uint8_t *at, size_t cap,
	size_t *len);

/* After a fault the data count as lost: never call it again for them (rule
 * D3). */
FALLIBLE file_sync(int fd);
FALLIBLE file_sync_directory(int directory);

/* Reserve `size` octets; they read as zero. */
FALLIBLE file_allocate(int fd, uint64_t size);

/* Begin to bring `len` octets to the disk, without waiting: a later file_sync
 * has less to do.  It promises nothing. */
void file_begin_write(int fd, uint64_t offset, uint64_t len);

/* A volume, and what we may still use of it.  Where files have no limit of
 * their own, both numbers are 0. */
struct file_room {
	uint64_t octets, octets_free;
	uint64_t files, files_free;
};
FALLIBLE file_room(int directory, struct file_room *out);

/* `percent` of the volume's octets, but no more than `most`. */
static inline uint64_t
file_room_share(const struct file_room *r, unsigned percent, uint64_t most)
{
	uint64_t share = r->octets / 100 * percent;

	return share < most ? share : most;
}

/* Call `each` with every name in the directory but "." and "..". */
typedef void on_name(void *arg, const char *name);
FALLIBLE file_each(int directory, on_name *each, void *arg);

/* Nobody else may own the directory: a lock until `fd` is closed.
 *
 * file_busy  somebody does */
FALLIBLE file_lock(int fd);
