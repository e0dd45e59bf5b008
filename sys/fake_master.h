/* fake_master.h -- for tests: start one real program and play everybody else.
 *
 * The program is the one that was built beside the test; without it the test
 * is skipped.  Everything that it says arrives in fake_expect.
 */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/number.h"
#include "lib/base/test.h"
#include "lib/conf/site.h"
#include "sys/channel.h"
#include "sys/fd.h"
#include "trust/events.h"
#include "trust/rights.h"

#define FAKE_WAIT SECONDS(60)

struct fake_master {
	struct loop *loop;
	struct timer *patience;
	pid_t pid;
	struct channel *links[ROLES]; /* [MASTER] is the program's own */
	uint32_t wanted[3]; /* the types that end fake_expect_any */
	bool arrived, stopped;
	union {
		struct head head;
		uint8_t octets[sizeof(struct dns_answer) + 4096];
	} message;
	int fd; /* came with the message; -1: none */
	uint32_t rows[EVENTS]; /* how often each event was told */
};

static struct fake_master fake;

static inline bool
fake_wants(uint32_t type)
{
	for (size_t i = 0; i < COUNT_OF(fake.wanted); i++)
		if (fake.wanted[i] == type)
			return true;
	return false;
}

static inline void
fake_take(void *owner, struct channel *c, const void *message, int fd)
{
	const struct head *head = message;
	const struct log_row *row = message;

	(void)owner;
	(void)c;
	if (head->type == LOG_ROW && row->event < EVENTS)
		fake.rows[row->event]++;
	if (fake.arrived || !fake_wants(head->type)) {
		fd_close(&fd);
		return;
	}
	memcpy(fake.message.octets, message, message_size(head->type));
	fake.fd = fd;
	fake.arrived = true;
	loop_stop(fake.loop, 0);
}

static inline void
fake_gone(void *owner, struct channel *c)
{
	struct channel **link = owner;

	(void)c;
	*link = NULL;
	loop_stop(fake.loop, 1);
}

static inline void
fake_over(void *arg)
{
	(void)arg;
	loop_stop(fake.loop, 1);
}

/* Wait for a message of one of these types, which is then in fake.message. */
static inline void
fake_expect_any(uint32_t a, uint32_t b, uint32_t c)
{
	fake.wanted[0] = a;
	fake.wanted[1] = b;
	fake.wanted[2] = c;
	fake.arrived = false;
	timer_set(fake.patience, FAKE_WAIT);
	while (!fake.arrived && loop_run(fake.loop) == 0)
		;
	timer_clear(fake.patience);
	CHECK(fake.arrived);
}

static inline void
fake_expect(uint32_t type)
{
	fake_expect_any(type, type, type);
}

/* Wait until the log was told of the event. */
static inline void
fake_expect_event(enum event event)
{
	while (fake.rows[event] == 0)
		fake_expect(LOG_ROW);
}

/* One channel to the program as role `self`; returns the other end. */
static inline int
fake_channel(enum role self, enum role program)
{
	static struct handlers handlers;
	int pair[2];

	for (uint32_t i = 0; i < MESSAGES; i++)
		handlers.on[i] = fake_take;
	handlers.gone = fake_gone;
	CHECK_OK(fd_channel_pair(pair));
	CHECK_OK(channel_open(fake.loop, pair[0], self, program, 0, &handlers,
		&fake.links[self], &fake.links[self]));
	return pair[1];
}

static inline void
fake_link(enum role self, enum role program)
{
	OWNED(fd_close) int theirs = fake_channel(self, program);
	struct link_given m = { .head = { .type = LINK_GIVEN }, .role = self };

	CHECK_OK(channel_send(fake.links[MASTER], &m, theirs));
}

static inline void
fake_give_site(const struct site *s)
{
	OWNED(fd_close) int fd = -1;
	struct site_given m = { .head = { .type = SITE_GIVEN },
		.generation = 1 };

	CHECK_OK(fd_memory_of("site", span_at(s, sizeof *s), &fd));
	CHECK_OK(channel_send(fake.links[MASTER], &m, fd));
}

static inline void
fake_give_file(enum file_purpose purpose, struct span octets)
{
	OWNED(fd_close) int fd = -1;
	struct file_given m = { .head = { .type = FILE_GIVEN },
		.purpose = purpose };

	CHECK_OK(fd_memory_of("file", octets, &fd));
	CHECK_OK(channel_send(fake.links[MASTER], &m, fd));
}

static inline void
fake_say(uint32_t type)
{
	struct plain m = { .head = { .type = type } };

	fake.stopped = type == STOP;
	CHECK_OK(channel_send(fake.links[MASTER], &m, -1));
}

/* The program of a role; the test stands in proc/ROLE/ beside libexec/. */
static inline const char *
fake_path(enum role program)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
	struct buf b = { (uint8_t *)path, n < 0 ? 0 : (size_t)n, sizeof path };

	for (int up = 0; up < 3; up++)
		while (b.len > 0 && b.at[--b.len] != '/')
			;
	CHECK(buf_put_text(&b, "/libexec/") &&
		buf_put_text(&b, role_name(program)) && buf_push(&b, 0));
	return path;
}

/* Skips the test when it is not. */
static inline bool
fake_is_built(enum role program)
{
	if (access(fake_path(program), X_OK) == 0)
		return true;
	test_skip("the program is not built");
	return false;
}

static inline void
fake_become(const char *path, int channel)
{
	char *const argv[] = { (char *)(uintptr_t)path, NULL };
	char *const environment[] = { (char *)(uintptr_t)
		"ASAN_OPTIONS=detect_leaks=0:handle_segv=0", NULL };

	if (dup2(channel, 3) < 0)
		_exit(127);
	close_range(4, ~0u, 0);
	execve(path, argv, environment);
	_exit(127);
}

/* A site that is sound and has nothing in it. */
static inline struct site *
fake_site(void)
{
	static struct site s;

	s = (struct site){ .magic = SITE_MAGIC,
		.version = SITE_VERSION,
		.size = sizeof s,
		.permits_count = 1,
		.domains_count = 1,
		.schedule_count = 1,
		.host = "me.test" };
	s.permits[0] = (struct site_permit){ .service = SERVICE_MX,
		.port = 25 };
	return &s;
}

/* Start `program` and say GO; before that `give` may hand it files and
 * links. */
static inline void
fake_begin(enum role program, const struct site *site, void (*give)(void))
{
	OWNED(fd_close) int theirs = -1;

	fake = (struct fake_master){ .fd = -1 };
	CHECK_OK(loop_open(&fake.loop));
	CHECK_OK(timer_open(fake.loop, fake_over, NULL, &fake.patience));
	theirs = fake_channel(MASTER, program);
	fake.pid = fork();
	CHECK(fake.pid >= 0);
	if (fake.pid == 0)
		fake_become(fake_path(program), theirs);
	fd_close(&theirs);
	fake_give_site(site);
	give();
	fake_say(GO);
}

static inline void
fake_start(enum role program, const struct site *site, void (*give)(void))
{
	fake_begin(program, site, give);
	fake_expect(READY);
}

/* The program must end by itself with this code. */
static inline void
fake_ends(int code)
{
	int status = -1;

	CHECK_NUMBER(waitpid(fake.pid, &status, 0), fake.pid);
	CHECK(WIFEXITED(status));
	CHECK_NUMBER(WEXITSTATUS(status), code);
	for (enum role r = NOBODY; r < ROLES; r++)
		channel_close(&fake.links[r]);
	timer_close(&fake.patience);
	loop_close(&fake.loop);
}

/* Stop it, if that is not done; it must end by itself and well. */
static inline void
fake_stop(void)
{
	if (!fake.stopped)
		fake_say(STOP);
	fake_ends(0);
}
