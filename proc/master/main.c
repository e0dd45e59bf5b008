/* master -- binds the permitted sockets, starts the processes, hands each what
 * trust/roles.c and trust/messages.def give it, starts the dead again.  It runs
 * as root and reads nothing that a stranger wrote.
 *
 *	master SETTINGS-FILE
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/master/listeners.h"
#include "proc/master/process.h"
#include "sys/account.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/role.h"
#include "sys/settings.h"

static struct master master;

static void
complain(const char *what, const char *path)
{
	fprintf(stderr, "posthold: %s %s: %s\n", what, path, strerror(errno));
}

/* --- settings ------------------------------------------------------------ */

static void
print_errors(const char *path, const struct conf_errors *errors)
{
	for (uint32_t i = 0; i < errors->count; i++) {
		const struct conf_error *e = &errors->at[i];

		fprintf(stderr, "%s:%u: %s%s%s\n", path, e->line, e->key,
			e->key[0] ? ": " : "", e->text);
		if (e->weight == WEIGHT_ERROR)
			LOG(EV_SETTINGS_REFUSED, 0,
				log_text(span_of(e->text)));
	}
}

static FALLIBLE
load(struct master *m, struct site *out)
{
	static struct conf_errors errors;
	const struct fault *f = settings_load(m->settings, clock_instant(), out,
		&errors);

	print_errors(m->settings, &errors);
	return f;
}

/* Seal what is in m->site for everybody to read. */
static FALLIBLE
publish(struct master *m)
{
	int fd;

	TRY(fd_memory_of("site", span_at(&m->site, sizeof m->site), &fd));
	fd_close(&m->site_fd);
	m->site_fd = fd;
	m->generation++;
	LOG(EV_SETTINGS_LOADED, 0, log_number(m->generation));
	return OK;
}

static void
plan_permit_end(struct master *m)
{
	struct instant now = clock_instant();
	int64_t wait = listeners_next_end(m, now).us - now.us;

	/* Look once a minute at least: the wall clock may be set. */
	timer_set(m->permit_timer, wait < SECONDS(60) ? wait : SECONDS(60));
}

static void
follow_permits(void *arg)
{
	struct master *m = arg;

	if (listeners_follow_permits(m, clock_instant()))
		LOG(EV_SETTINGS_REFUSED, 0,
			log_text(SPAN("a permitted port cannot be bound")));
	plan_permit_end(m);
}

/* All or nothing: a bad file changes nothing. */
static FALLIBLE
use_new_settings(struct master *m)
{
	static struct site fresh;

	TRY(load(m, &fresh));
	listeners_close_all(m);
	m->site = fresh;
	TRY(publish(m));
	process_tell_site(m);
	follow_permits(m);
	return OK;
}

/* SIGHUP */
static void
reload(void *arg)
{
	if (use_new_settings(arg))
		return; /* the errors were printed and logged */
}

/* --- the operator -------------------------------------------------------- */

static void
answer(struct channel *c, const struct head *question, uint64_t count,
	const struct fault *f)
{
	struct ctl_done d = { .head = { .type = CTL_DONE,
				      .serial = question->serial },
		.count = count,
		.fault = fault_number(f) };

	if (channel_send(c, &d, -1))
		channel_close(&c);
}

static void
take_status(void *owner, struct channel *c, const void *message, int fd)
{
	struct master *m = owner;
	const struct head *question = message;
	uint64_t count = 0;

	(void)fd;
	for (size_t i = 0; i < PROCESSES; i++) {
		const struct process *p = &m->processes[i];
		struct process_row row = { .head = { .type = PROCESS_ROW,
						   .serial = question->serial },
			.role = p->role,
			.instance = p->instance,
			.pid = (uint32_t)p->pid,
			.restarts = p->restarts,
			.started_us = p->started.us,
			.ready = p->ready };

		if (p->role != NOBODY && !channel_send(c, &row, -1))
			count++;
	}
	answer(c, question, count, OK);
}

static void
take_reload(void *owner, struct channel *c, const void *message, int fd)
{
	const struct fault *f = use_new_settings(owner);

	(void)fd;
	answer(c, message, !f, f);
}

static const struct handlers from_operator = {
	.on = { [MASTER_STATUS] = take_status, [MASTER_RELOAD] = take_reload },
};

static void
accept_operator(void *arg, unsigned what)
{
	struct master *m = arg;
	struct channel *c;
	int fd = accept4(m->controls[MASTER], NULL, NULL,
		SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (fd >= 0 && channel_open(m->loop, fd, MASTER, CTL, 0, &from_operator,
			       m, &c))
		LOG(EV_SETTINGS_REFUSED, 0, log_text(SPAN("control socket")));
}

/* --- start and stop ------------------------------------------------------ */

/* An own directory of a role, made when it is missing. */
static bool
own_directory(const struct master *m, enum role role, const char *path)
{
	struct stat st;
	uid_t uid;

	if (account_of(role, m->site.production, &uid)) {
		fprintf(stderr,
			"posthold: there is no account %s: run systemd-sysusers, or adduser --system\n",
			role_row(role)->user);
		return false;
	}
	if ((mkdir(path, 0700) && errno != EEXIST) || lstat(path, &st) ||
		(!S_ISDIR(st.st_mode) && (errno = ENOTDIR))) {
		complain("cannot use directory", path);
		return false;
	}
	if (geteuid() == 0 && (chown(path, uid, uid) || chmod(path, 0700))) {
		complain("cannot give away directory", path);
		return false;
	}
	return true;
}

static bool
make_directory(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return true;
	complain("cannot make directory", path);
	return false;
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

static bool
prepare(struct master *m)
{
	char path[300];
	int lock;

	if (!make_directory(m->site.run_directory, 0755))
		return false;
	snprintf(path, sizeof path, "%s/ctl", m->site.run_directory);
	if (!make_directory(path, 0755))
		return false;
	snprintf(path, sizeof path, "%s/empty", m->site.run_directory);
	if (!make_directory(path, 0755))
		return false;
	m->empty_root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof path, "%s/master.pid", m->site.run_directory);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
		fprintf(stderr, "posthold: %s is locked: this site is running already\n",
			path);
		return false;
	}
	if (ftruncate(lock, 0) || dprintf(lock, "%d\n", getpid()) < 0)
		complain("cannot write", path);
	m->netns = empty_network();
	return own_directory(m, STORE, m->site.mailbox_directory) &&
		own_directory(m, QUEUE, m->site.queue_directory) &&
		own_directory(m, LOG, m->site.log_directory);
}

static void
stop(void *arg)
{
	struct master *m = arg;

	if (m->stopping)
		return;
	LOG(EV_SITE_STOPPED, 0, log_text(SPAN("signal")));
	process_stop_next(m);
}

/* A stage of the stop took too long: its processes are ended. */
static void
stop_late(void *arg)
{
	process_stop_late(arg);
}

static void
reap(void *arg)
{
	process_reap(arg);
}

static bool
open_loop(struct master *m)
{
	return !loop_open(&m->loop) &&
		!timer_open(m->loop, stop_late, m, &m->stop_timer) &&
		!timer_open(m->loop, follow_permits, m, &m->permit_timer) &&
		!loop_signal(m->loop, SIGCHLD, reap, m) &&
		!loop_signal(m->loop, SIGHUP, reload, m) &&
		!loop_signal(m->loop, SIGTERM, stop, m) &&
		!loop_signal(m->loop, SIGINT, stop, m);
}

/* The programs stand beside this one. */
static int
program_directory(void)
{
	char path[1024];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash;

	if (n <= 0)
		return -1;
	path[n] = 0;
	slash = strrchr(path, '/');
	if (!slash)
		return -1;
	*slash = 0;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Descriptors 0 to 2 are there, whoever started us (LO-D08): a socket must
 * never be somebody's standard output. */
static bool
hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 3);
	return fd >= 3 && close(fd) == 0;
}

int
main(int argc, char **argv)
{
	struct master *m = &master;
	struct watch *operators;

	if (!hold_standard_descriptors() || argc != 2) {
		fprintf(stderr, "usage: master SETTINGS-FILE\n");
		return 64;
	}
	*m = (struct master){ .settings = argv[1], .site_fd = -1, .netns = -1,
		.empty_root = -1, .libexec = program_directory() };
	memset(m->listeners, -1, sizeof m->listeners);
	memset(m->controls, -1, sizeof m->controls);
	umask(022);
	prctl(PR_SET_DUMPABLE, 0);
	if (m->libexec < 0 || crypto_start() || !open_loop(m))
		return EXIT_FAULT;
	if (load(m, &m->site) || !prepare(m) || publish(m))
		return EXIT_SITE;
	for (uint32_t kind = 1; kind < SECRETS; kind++)
		random_octets(m->secrets[kind], TOKEN_MAC);
	if (listeners_bind_controls(m) ||
		watch_open(m->loop, m->controls[MASTER], LOOP_READ,
			accept_operator, m, &operators))
		return EXIT_SITE;
	process_start_all(m);
	LOG(EV_SITE_STARTED, 0, log_text(SITE_TEXT(m->site.host)),
		log_number(m->generation));
	if (listeners_follow_permits(m, clock_instant())) {
		int code;

		process_stop_next(m);
		code = loop_run(m->loop);
		return code ? code : EXIT_SITE;
	}
	plan_permit_end(m);
	return loop_run(m->loop);
}
