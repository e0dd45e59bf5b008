/* The programs that master starts here are this one again: named after its role
 * it plays a well-behaved process, or one that was taken over. */
#include "proc/master/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "proc/master/hear.h"
#include "sys/clock.h"
#include "sys/fake_master.h"
#include "sys/fd.h"

/* --- in the program of a role -------------------------------------------- */

/* What a role says when it is told to go, beside READY. */
static const struct peer_forbidden lies[ROLES] = {
	/* taken over, and names one behind it */
	[MX] = { .head = { .type = PEER_FORBIDDEN }, .role = KEYS },
	/* names one before it */
	[AUTH] = { .head = { .type = PEER_FORBIDDEN }, .role = SUBMISSION },
};

static void
say(uint32_t type, const void *message)
{
	if (send(3, message, message_size(type), MSG_NOSIGNAL) < 0)
		_exit(1);
}

/* READY comes only from who knew the log before it was given a file. */
static void
hear(enum role self, const void *message)
{
	static bool log_known, too_early;
	const struct plain ready = { .head = { .type = READY } };
	const struct head *head = message;
	const struct link_given *link = message;

	switch (head->type) {
	case LINK_GIVEN:
		log_known |= link->role == LOG;
		break;
	case FILE_GIVEN:
		too_early |= !log_known && self != LOG;
		break;
	case GO:
		if (self == IMAP)
			_exit(0);
		if (!too_early)
			say(READY, &ready);
		if (lies[self].role != NOBODY)
			say(PEER_FORBIDDEN, &lies[self]);
		break;
	case STOP:
		_exit(0);
	default:
		break;
	}
}

static void
play(enum role self)
{
	struct pollfd p = { 3, POLLIN, 0 };
	static uint64_t storage[1024];

	while (poll(&p, 1, -1) > 0) {
		ssize_t n = recv(3, storage, sizeof storage, 0);

		if (n <= 0)
			_exit(0);
		hear(self, storage);
	}
}

__attribute__((constructor)) static void
be_a_role(void)
{
	for (enum role r = LOG; r < CTL; r++)
		if (strcmp(program_invocation_name, role_name(r)) == 0)
			play(r);
}

/* --- in the test --------------------------------------------------------- */

static struct master m;
static char directory[40];
static struct timer *tick;
static bool (*wanted)(void);
static int patience;

static void
look(void *arg)
{
	(void)arg;
	if (wanted() || --patience == 0)
		loop_stop(m.loop, 0);
	timer_set(tick, SECONDS(1) / 100);
}

/* Run master until something holds. */
static void
wait_until(bool (*holds)(void))
{
	wanted = holds;
	patience = 6000;
	timer_set(tick, 1);
	CHECK_NUMBER(loop_run(m.loop), 0);
	CHECK(holds());
}

static void
reap(void *arg)
{
	process_reap(arg);
}

static void
late(void *arg)
{
	process_stop_late(arg);
}

static void
put_path(char out[256], const char *name)
{
	CHECK(snprintf(out, 256, "%s/%s", directory, name) < 256);
}

static void
make_programs(void)
{
	char self[1000], path[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	CHECK(n > 0);
	self[n] = 0;
	for (enum role r = LOG; r < CTL; r++) {
		put_path(path, role_name(r));
		CHECK(symlink(self, path) == 0);
	}
}

static void
make_file(char path[256], const char *name, mode_t type)
{
	put_path(path, name);
	CHECK(mknod(path, type | 0600, 0) == 0);
}

/* A master without sockets; nothing runs yet. */
static void
begin(void)
{
	snprintf(directory, sizeof directory, "/tmp/process_test.XXXXXX");
	CHECK(mkdtemp(directory) != NULL);
	make_programs();
	memset(&m, 0, sizeof m);
	m.site = *fake_site();
	m.site_fd = m.netns = m.empty_root = -1;
	m.sockets = SOCKETS_NONE;
	memset(m.controls, -1, sizeof m.controls);
	m.libexec = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	m.site.max_imap = 10;
	m.site.max_imap_account = 3;
	make_file(m.site.key, "key.pem", S_IFREG);
	make_file(m.site.users, "list", S_IFREG);
	CHECK_OK(fd_memory_of("site", span_at(&m.site, sizeof m.site),
		&m.site_fd));
	CHECK_OK(loop_open(&m.loop));
	CHECK_OK(timer_open(m.loop, look, NULL, &tick));
	CHECK_OK(timer_open(m.loop, late, &m, &m.stop_timer));
	CHECK_OK(loop_signal(m.loop, SIGCHLD, reap, &m));
}

static void
remove_one(const char *name)
{
	char path[256];

	put_path(path, name);
	unlink(path);
}

/* Stop in order and leave nothing. */
static void
end(void)
{
	timer_clear(tick);
	process_stop_next(&m);
	CHECK_NUMBER(loop_run(m.loop), 0);
	timer_close(&tick);
	timer_close(&m.stop_timer);
	for (enum role r = LOG; r < CTL; r++) {
		timer_close(&m.processes[r].again);
		remove_one(role_name(r));
	}
	loop_close(&m.loop);
	fd_close(&m.libexec);
	fd_close(&m.site_fd);
	remove_one("key.pem");
	remove_one("list");
	remove_one("list.burnt"); /* master makes it */
	CHECK(rmdir(directory) == 0);
}

static bool
keys_and_auth_are_ready(void)
{
	return m.processes[KEYS].ready && m.processes[AUTH].ready;
}

TEST(a_role_knows_the_log_before_it_gets_a_file)
{
	begin();
	process_start_all(&m);
	wait_until(keys_and_auth_are_ready);
	end();
}

/* Whoever puts a pipe there would have master wait for its other end. */
TEST(a_pipe_in_the_place_of_a_file_is_not_waited_for)
{
	begin();
	remove_one("list");
	make_file(m.site.users, "list", S_IFIFO);
	process_start_all(&m);
	wait_until(keys_and_auth_are_ready);
	end();
}

static bool
both_liars_were_heard(void)
{
	return m.processes[MX].restarts > 2 &&
		m.processes[SUBMISSION].restarts > 0;
}

/* mx accuses keys and is ended itself; auth accuses submission, which is. */
TEST(who_lies_about_those_behind_it_ends_itself)
{
	begin();
	process_start_all(&m);
	wait_until(both_liars_were_heard);
	CHECK_NUMBER(m.processes[KEYS].restarts, 0);
	CHECK_NUMBER(m.processes[AUTH].restarts, 0);
	end();
}

/* --- sessions ------------------------------------------------------------ */

static uint32_t
sessions_that_run(void)
{
	uint32_t n = 0;

	for (size_t i = ROLES; i < PROCESSES; i++)
		n += m.processes[i].pid > 0;
	return n;
}

static bool
no_session_runs(void)
{
	return sessions_that_run() == 0;
}

static void
open_session(uint32_t account)
{
	const struct session_open s = { .head = { .type = SESSION_OPEN },
		.account = account };

	process_start_session(&m, &s, -1);
}

TEST(sessions_that_ended_at_once_count_for_a_while)
{
	begin();
	process_start_all(&m);
	for (int i = 0; i < 5; i++) {
		open_session(7);
		wait_until(no_session_runs);
	}
	CHECK_NUMBER(m.sessions, 3);
	open_session(8);
	CHECK_NUMBER(m.sessions, 4);
	for (size_t i = ROLES; i < PROCESSES; i++)
		m.processes[i].since.us -= SECONDS(10);
	wait_until(no_session_runs);
	open_session(7);
	CHECK_NUMBER(m.sessions, 5);
	end();
}

static bool
auth_came_back(void)
{
	return m.processes[AUTH].restarts > 0;
}

TEST(a_login_longer_than_its_place_is_forbidden)
{
	struct session_open s = { .head = { .type = SESSION_OPEN },
		.login_len = sizeof s.login + 1 };

	begin();
	process_start_all(&m);
	hear_role.on[SESSION_OPEN](&m, m.processes[AUTH].channel, &s, -1);
	CHECK_NUMBER(m.sessions, 0);
	wait_until(auth_came_back);
	end();
}
