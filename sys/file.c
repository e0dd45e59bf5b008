#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static file_hook *hook;
static void *hook_arg;

void
file_set_hook(file_hook *h, void *arg)
{
	hook = h;
	hook_arg = arg;
}

static FALLIBLE
ask_hook(enum file_call call, int fd, uint64_t offset, struct span octets)
{
	return hook ? hook(hook_arg, call, fd, offset, octets) : OK;
}

static const struct fault *
why(void)
{
	return errno == ENOSPC || errno == EDQUOT ? &fault_storage_full
		: errno == EEXIST		  ? &fault_file_exists
						  : &fault_storage_failed;
}

/* Open below the directory and on its volume, whatever the name holds. */
static FALLIBLE
open_beneath(int directory, const char *name, int flags, int *out)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | O_TMPFILE) ? 0600 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			RESOLVE_NO_XDEV,
	};
	int fd;

	TRY(ask_hook(FILE_OPEN, directory, 0, span_of(name)));
	fd = (int)syscall(SYS_openat2, directory, name, &how, sizeof how);
	if (fd < 0)
		return why();
	*out = fd;
	return OK;
}

FALLIBLE
file_open(int directory, const char *name, bool write, int *out)
{
	return open_beneath(directory, name, write ? O_RDWR : O_RDONLY, out);
}

FALLIBLE
file_create(int directory, const char *name, int *out)
{
	return open_beneath(directory, name, O_RDWR | O_CREAT | O_EXCL, out);
}

FALLIBLE
file_unnamed(int directory, int *out)
{
	return open_beneath(directory, ".", O_RDWR | O_TMPFILE, out);
}

FALLIBLE
file_rename(int directory, const char *from, const char *to)
{
	TRY(ask_hook(FILE_RENAME, directory, 0, span_of(from)));
	return renameat(directory, from, directory, to) == 0 ? OK : why();
}

FALLIBLE
file_unlink(int directory, const char *name)
{
	TRY(ask_hook(FILE_UNLINK, directory, 0, span_of(name)));
	if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
		return OK;
	return why();
}

FALLIBLE
file_write(int fd, uint64_t offset, struct span octets)
{
	TRY(ask_hook(FILE_WRITE, fd, offset, octets));
	while (octets.len > 0) {
		ssize_t n = pwrite(fd, octets.at, octets.len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return why();
		offset += (uint64_t)n;
		span_shift_upto(&octets, (size_t)n);
	}
	return OK;
}

FALLIBLE
file_read(int fd, uint64_t offset, uint8_t *at, size_t cap, size_t *len)
{
	size_t have = 0;

	while (have < cap) {
		ssize_t n = pread(fd, at + have, cap - have,
			(off_t)(offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return why();
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*len = have;
	return OK;
}

FALLIBLE
file_sync(int fd)
{
	TRY(ask_hook(FILE_SYNC, fd, 0, SPAN_NONE));
	return fdatasync(fd) == 0 ? OK : why();
}

FALLIBLE
file_sync_directory(int directory)
{
	TRY(ask_hook(FILE_SYNC_DIRECTORY, directory, 0, SPAN_NONE));
	return fsync(directory) == 0 ? OK : why();
}

FALLIBLE
file_allocate(int fd, uint64_t size)
{
	TRY(ask_hook(FILE_ALLOCATE, fd, 0, SPAN_NONE));
	return fallocate(fd, 0, 0, (off_t)size) == 0 ? OK : why();
}

void
file_begin_write(int fd, uint64_t offset, uint64_t len)
{
	(void)sync_file_range(fd, (off_t)offset, (off_t)len,
		SYNC_FILE_RANGE_WRITE);
}

FALLIBLE
file_room(int directory, struct file_room *out)
{
	struct statfs s;
	uint64_t block;

	if (fstatfs(directory, &s) != 0)
		return why();
	block = (uint64_t)s.f_bsize;
	*out = (struct file_room){ .octets = s.f_blocks * block,
		.octets_free = s.f_bavail * block,
		.files = s.f_files,
		.files_free = s.f_ffree };
	return OK;
}

/* getdents64 on a descriptor of our own: readdir would open by path. */
FALLIBLE
file_each(int directory, on_name *each, void *arg)
{
	_Alignas(8) char room[2048];
	struct dirent_row {
		uint64_t inode;
		int64_t next;
		uint16_t len;
		uint8_t type;
		char name[];
	};
	long n;

	if (lseek(directory, 0, SEEK_SET) < 0)
		return why();
	while ((n = syscall(SYS_getdents64, directory, room, sizeof room)) > 0)
		for (long at = 0; at < n;) {
			const struct dirent_row *row = (const void *)(room + at);

			if (strcmp(row->name, ".") && strcmp(row->name, ".."))
				each(arg, row->name);
			at += row->len;
		}
	return n < 0 ? why() : OK;
}

FALLIBLE
file_lock(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return OK;
	return errno == EWOULDBLOCK ? &fault_file_busy : why();
}
