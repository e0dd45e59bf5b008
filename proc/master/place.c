#include "proc/master/place.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/account.h"
#include "sys/fd.h"
#include "sys/role.h"

static bool
complain(const char *path, const char *why)
{
	fprintf(stderr, "posthold: cannot use %s: %s\n", path, why);
	return false;
}

/* A directory, not a link to one; made when it is missing. */
static bool
make(const char *path, mode_t mode, struct stat *st)
{
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return complain(path, strerror(errno));
	if (lstat(path, st) != 0)
		return complain(path, strerror(errno));
	return S_ISDIR(st->st_mode) ||
		complain(path, "it is there and no directory");
}

/* One of ours, that nobody else can put something into. */
static bool
make_ours(const char *path)
{
	struct stat st;

	if (!make(path, 0755, &st))
		return false;
	if (st.st_uid != geteuid())
		return complain(path, "it belongs to somebody else");
	return !(st.st_mode & (S_IWGRP | S_IWOTH)) ||
		complain(path, "others can write in it: chmod 0755");
}

/* One of a role, if it runs here. */
static bool
make_of(enum role role, const struct site *s, const char *path)
{
	struct stat st;
	uid_t uid;

	if (!role_runs(role, BUILD_LOCAL))
		return true;
	if (account_of(role, s->production, &uid)) {
		fprintf(stderr,
			"posthold: there is no account %s: run systemd-sysusers, or adduser --system\n",
			role_row(role)->user);
		return false;
	}
	if (!make(path, 0700, &st))
		return false;
	return geteuid() != 0 ||
		(chown(path, uid, uid) == 0 && chmod(path, 0700) == 0) ||
		complain(path, strerror(errno));
}

/* Held until this process ends. */
static bool
lock(const char *path)
{
	int fd = open(path,
		O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);

	if (fd < 0)
		return complain(path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return complain(path, errno == EWOULDBLOCK
				? "this site is running already"
				: strerror(errno));
	return (ftruncate(fd, 0) == 0 && dprintf(fd, "%d\n", getpid()) > 0) ||
		complain(path, strerror(errno));
}

/* An empty network namespace: entered once here, joined by the roles. */
static int
empty_network(void)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int empty = -1;

	if (here >= 0 && unshare(CLONE_NEWNET) == 0) {
		empty = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (setns(here, CLONE_NEWNET) != 0)
			_exit(EXIT_SANDBOX);
	}
	fd_close(&here);
	return empty;
}

bool
place_prepare(struct master *m)
{
	const struct site *s = &m->site;
	char control[300], empty[300], pid[300];

	snprintf(control, sizeof control, "%s/ctl", s->run_directory);
	snprintf(empty, sizeof empty, "%s/empty", s->run_directory);
	snprintf(pid, sizeof pid, "%s/master.pid", s->run_directory);
	if (!make_ours(s->run_directory) || !make_ours(control) ||
		!make_ours(empty) || !lock(pid) ||
		!make_of(STORE, s, s->mailbox_directory) ||
		!make_of(QUEUE, s, s->queue_directory) ||
		!make_of(METER, s, s->limits_directory) ||
		!make_of(LOG, s, s->log_directory))
		return false;
	m->empty_root = open(empty, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	m->netns = empty_network();
	return true;
}
