#include "sys/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "sys/fd.h"

#define PATH_LONGEST 512 /* with the tail */
#define LOCK_TRIES 50
#define LOCK_PAUSE 100000 /* microseconds */

static FALLIBLE
storage_fault(void)
{
	return errno == ENOSPC || errno == EDQUOT ? &fault_storage_full
						  : &fault_storage_failed;
}

/* `path` with `tail` behind it. */
static FALLIBLE
path_with(const char *path, const char *tail, char out[PATH_LONGEST])
{
	struct buf b = { (uint8_t *)out, 0, PATH_LONGEST - 1 };

	if (!buf_put_text(&b, path) || !buf_put_text(&b, tail))
		return &fault_storage_failed;
	out[b.len] = 0;
	return OK;
}

static FALLIBLE
write_all(int fd, struct span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.at, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return storage_fault();
		span_shift_upto(&s, (size_t)n);
	}
	return OK;
}

static FALLIBLE
sync_directory_of(const char *path)
{
	OWNED(fd_close) int fd = -1;
	char name[PATH_LONGEST];
	size_t len = strlen(path);

	TRY(path_with(path, "", name));
	while (len > 0 && name[len - 1] != '/')
		len--;
	if (len == 0)
		name[len++] = '.';
	name[len] = 0;
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return storage_fault();
	return OK;
}

/* A file beside `path` with the content, synced; *name is its name. */
static FALLIBLE
write_beside(const char *path, mode_t mode, struct span octets,
	char name[PATH_LONGEST])
{
	OWNED(fd_close) int fd = -1;
	const struct fault *f;

	TRY(path_with(path, ".XXXXXX", name));
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return storage_fault();
	f = write_all(fd, octets);
	if (!f && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		f = storage_fault();
	if (f)
		unlink(name);
	return f;
}

/* A new owner of the content must not lose sight of the file. */
static void
keep_owner(const char *path, const char *name)
{
	struct stat st;

	if (stat(path, &st) == 0 && geteuid() == 0 &&
		lchown(name, st.st_uid, st.st_gid) < 0)
		return;
}

FALLIBLE
replace_whole(const char *path, mode_t mode, struct span octets)
{
	char name[PATH_LONGEST];

	TRY(write_beside(path, mode, octets, name));
	keep_owner(path, name);
	if (rename(name, path) < 0) {
		const struct fault *f = storage_fault();

		unlink(name);
		return f;
	}
	return sync_directory_of(path);
}

FALLIBLE
replace_create(const char *path, mode_t mode, struct span octets)
{
	const struct fault *f = OK;
	char name[PATH_LONGEST];

	TRY(write_beside(path, mode, octets, name));
	if (link(name, path) < 0)
		f = errno == EEXIST ? &fault_file_exists : storage_fault();
	unlink(name);
	return f ? f : sync_directory_of(path);
}

FALLIBLE
replace_lock(const char *path, int *out)
{
	OWNED(fd_close) int fd = -1;
	char name[PATH_LONGEST];

	TRY(path_with(path, ".lock", name));
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return storage_fault();
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK)
			return storage_fault();
		if (i == LOCK_TRIES)
			return &fault_file_busy;
		usleep(LOCK_PAUSE);
	}
	*out = fd_give(&fd);
	return OK;
}
