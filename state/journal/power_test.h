/* power_test.h -- a directory whose power can fail, for tests of what must
 * survive.
 *
 * power_begin watches every call of sys/file.h.  At call number `stop_at` the
 * machine stops: nothing is done any more.  power_fails then takes back from
 * the real directory what was not synced: octets by disk blocks, names one by
 * one, all of them or a part that `seed` draws.  A directory in memory will do:
 * it is only the model that decides what survives.
 */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "sys/fd.h"
#include "sys/file.h"

#define POWER_BLOCK 512 /* octets that a disk writes whole */
#define POWER_MOST  4096

enum power_loss {
	LOSE_NOTHING, /* only the process ended: the page cache survives */
	LOSE_SOME,
	LOSE_ALL,
};

enum power_kind { POWER_WRITE, POWER_ALLOCATE, POWER_CREATE, POWER_UNLINK };

/* Something that a power failure may take back. */
struct power_change {
	enum power_kind kind;
	bool lost; /* a sync of it failed: no later one will write it */
	ino_t inode;
	int fd;
	uint64_t offset;
	uint8_t *old;
	size_t len;
	char name[32], saved[32];
};

struct power {
	char path[64];
	int directory, shadow;
	uint64_t calls, stop_at, fail_at;
	const struct fault *fault; /* of call fail_at */
	bool stopped, failed, lies; /* lies: a sync does nothing */
	uint64_t seed, saved;
	struct power_change changes[POWER_MOST];
	size_t count;
};

static inline uint64_t
power_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline struct power_change *
power_change(struct power *p, enum power_kind kind)
{
	CHECK(p->count < POWER_MOST);
	p->changes[p->count] = (struct power_change){ .kind = kind, .fd = -1 };
	return &p->changes[p->count++];
}

static inline void
power_forget(struct power_change *c)
{
	fd_close(&c->fd);
	free(c->old);
	*c = (struct power_change){ .fd = -1 };
}

static inline ino_t
power_inode(int fd)
{
	struct stat s;

	CHECK(fstat(fd, &s) == 0);
	return s.st_ino;
}

/* --- what the hook sees -------------------------------------------------- */

/* Octets that a failed sync lost are written by the next sync if somebody
 * writes them again. */
static inline void
power_save(struct power *p, ino_t inode, uint64_t offset, size_t len)
{
	for (size_t i = 0; i < p->count; i++) {
		struct power_change *c = &p->changes[i];

		if (c->kind == POWER_WRITE && c->inode == inode &&
			c->offset >= offset &&
			c->offset + c->len <= offset + len)
			c->lost = false;
	}
}

static inline void
power_note_write(struct power *p, int fd, uint64_t offset, size_t len)
{
	struct power_change *c;
	ssize_t got;

	power_save(p, power_inode(fd), offset, len);
	c = power_change(p, POWER_WRITE);
	c->inode = power_inode(fd);
	c->fd = dup(fd);
	c->offset = offset;
	c->len = len;
	c->old = calloc(1, len + 1);
	got = pread(fd, c->old, len, (off_t)offset);
	CHECK(c->fd >= 0 && got >= 0);
}

static inline void
power_note_allocate(struct power *p, int fd)
{
	struct power_change *c = power_change(p, POWER_ALLOCATE);

	c->inode = power_inode(fd);
	c->fd = dup(fd);
}

static inline void
power_note_name(struct power *p, enum power_kind kind, const char *name)
{
	struct power_change *c;
	bool there = faccessat(p->directory, name, F_OK, 0) == 0;

	if (there != (kind == POWER_UNLINK) || !strcmp(name, "."))
		return;
	c = power_change(p, kind);
	snprintf(c->name, sizeof c->name, "%s", name);
	if (kind == POWER_CREATE)
		return;
	snprintf(c->saved, sizeof c->saved, "%llu",
		(unsigned long long)p->saved++);
	CHECK(linkat(p->directory, name, p->shadow, c->saved, 0) == 0);
}

static inline bool
power_is_name(const struct power_change *c)
{
	return c->kind == POWER_CREATE || c->kind == POWER_UNLINK;
}

/* What is safe now is not taken back with an older write of the same octets
 * that a failed sync lost. */
static inline void
power_keep(struct power_change *lost, const struct power_change *safe)
{
	uint64_t from = lost->offset > safe->offset ? lost->offset
						    : safe->offset;
	uint64_t end = lost->offset + lost->len < safe->offset + safe->len
		? lost->offset + lost->len
		: safe->offset + safe->len;

	if (lost->kind == POWER_WRITE && lost->inode == safe->inode &&
		from < end)
		CHECK(pread(safe->fd, lost->old + (from - lost->offset),
			      end - from, (off_t)from) ==
			(ssize_t)(end - from));
}

/* What a successful sync makes safe, and a failed one loses for good. */
static inline void
power_settle(struct power *p, int fd, bool names, bool lost)
{
	ino_t inode = names ? 0 : power_inode(fd);
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++) {
		struct power_change *c = &p->changes[i];
		bool meant = names ? power_is_name(c)
				   : !power_is_name(c) && c->inode == inode;

		if (meant && lost)
			c->lost = true;
		if (meant && !c->lost) {
			if (c->kind == POWER_UNLINK)
				unlinkat(p->shadow, c->saved, 0);
			for (size_t k = 0; c->kind == POWER_WRITE && k < kept;
				k++)
				power_keep(&p->changes[k], c);
			power_forget(c);
			continue;
		}
		p->changes[kept++] = *c;
	}
	p->count = kept;
}

static inline void
power_note(struct power *p, enum file_call call, int fd, uint64_t offset,
	struct span octets)
{
	switch (call) {
	case FILE_OPEN:
		power_note_name(p, POWER_CREATE, (const char *)octets.at);
		break;
	case FILE_WRITE:
		power_note_write(p, fd, offset, octets.len);
		break;
	case FILE_ALLOCATE:
		power_note_allocate(p, fd);
		break;
	case FILE_UNLINK:
		power_note_name(p, POWER_UNLINK, (const char *)octets.at);
		break;
	case FILE_RENAME: /* the only one */
		power_note_name(p, POWER_CREATE, "journal.id");
		break;
	case FILE_SYNC:
	case FILE_SYNC_DIRECTORY:
		if (!p->lies)
			power_settle(p, fd, call == FILE_SYNC_DIRECTORY, false);
		break;
	}
}

/* A killed process may leave any part of its last write. */
static inline void
power_cut_write(struct power *p, int fd, uint64_t offset, struct span octets)
{
	size_t len = power_mix(p->seed ^ p->calls) % (octets.len + 1);

	power_note_write(p, fd, offset, len);
	CHECK(pwrite(fd, octets.at, len, (off_t)offset) == (ssize_t)len);
}

static const struct fault *
power_hook(void *arg, enum file_call call, int fd, uint64_t offset,
	struct span octets)
{
	struct power *p = arg;
	uint64_t n = p->calls++;

	if (n == p->stop_at) {
		p->stopped = true;
		if (call == FILE_WRITE)
			power_cut_write(p, fd, offset, octets);
	}
	if (p->stopped)
		return &fault_storage_failed;
	if (n == p->fail_at) {
		p->failed = true;
		if (call == FILE_SYNC)
			power_settle(p, fd, false, true);
		return p->fault;
	}
	power_note(p, call, fd, offset, octets);
	return OK;
}

/* --- life ---------------------------------------------------------------- */

static inline void
power_make(struct power *p)
{
	const char *place = access("/dev/shm", W_OK) == 0 ? "/dev/shm"
							   : "/var/tmp";

	*p = (struct power){ .stop_at = UINT64_MAX, .fail_at = UINT64_MAX };
	snprintf(p->path, sizeof p->path, "%s/power-test-XXXXXX", place);
	CHECK(mkdtemp(p->path) != NULL);
	p->directory = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(p->directory >= 0 && mkdirat(p->directory, "shadow", 0700) == 0);
	p->shadow = openat(p->directory, "shadow",
		O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(p->shadow >= 0);
}

/* From now on; the call after `more` others is the one that is not done. */
static inline void
power_begin(struct power *p, uint64_t more)
{
	p->stop_at = more == UINT64_MAX ? more : p->calls + more;
	p->stopped = p->failed = false;
	file_set_hook(power_hook, p);
}

static inline bool
power_takes(const struct power *p, enum power_loss loss, uint64_t key)
{
	return loss == LOSE_ALL ||
		(loss == LOSE_SOME && power_mix(p->seed * 7 + key) & 1);
}

static inline void
power_undo_write(const struct power *p, const struct power_change *c,
	enum power_loss loss)
{
	for (size_t at = 0; at < c->len;) {
		uint64_t offset = c->offset + at;
		size_t n = POWER_BLOCK - offset % POWER_BLOCK;
		uint64_t key = c->inode << 32 | offset / POWER_BLOCK;

		if (n > c->len - at)
			n = c->len - at;
		if (c->lost || power_takes(p, loss, key))
			CHECK(pwrite(c->fd, c->old + at, n, (off_t)offset) ==
				(ssize_t)n);
		at += n;
	}
}

static inline void
power_undo(const struct power *p, const struct power_change *c, size_t i,
	enum power_loss loss)
{
	switch (c->kind) {
	case POWER_WRITE:
		power_undo_write(p, c, loss);
		break;
	case POWER_ALLOCATE:
		if (power_takes(p, loss, i))
			CHECK(ftruncate(c->fd, 0) == 0);
		break;
	case POWER_CREATE:
		if (power_takes(p, loss, i))
			unlinkat(p->directory, c->name, 0);
		break;
	case POWER_UNLINK: /* not if a new file has the name */
		if (power_takes(p, loss, i))
			(void)!linkat(p->shadow, c->saved, p->directory,
				c->name, 0);
		unlinkat(p->shadow, c->saved, 0);
		break;
	}
}

/* The end of the machine, or with LOSE_NOTHING of the process: what was written
 * then stays in the cache, and a later failure may still take it. */
static inline void
power_fails(struct power *p, enum power_loss loss)
{
	file_set_hook(NULL, NULL);
	if (loss == LOSE_NOTHING)
		return;
	for (size_t i = p->count; i-- > 0;)
		power_undo(p, &p->changes[i], i, loss);
	for (size_t i = 0; i < p->count; i++)
		power_forget(&p->changes[i]);
	p->count = 0;
}

static inline void
power_unlink(void *arg, const char *name)
{
	unlinkat(*(const int *)arg, name, 0);
}

static inline void
power_remove(struct power *p)
{
	power_fails(p, LOSE_SOME);
	CHECK_OK(file_each(p->shadow, power_unlink, &p->shadow));
	CHECK_OK(file_each(p->directory, power_unlink, &p->directory));
	unlinkat(p->directory, "shadow", AT_REMOVEDIR);
	fd_close(&p->shadow);
	fd_close(&p->directory);
	rmdir(p->path);
}
