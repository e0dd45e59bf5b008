/* play_test.h -- the real program with everybody else played by the test; for the
 * tests of this folder. */
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/base/number.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fake_master.h"
#include "sys/file.h"
#include "sys/mac.h"

#define BODY SPAN("Subject: one\r\n\r\nbody\r\n")
#define SESSION 77

static struct {
	char path[64];
	int directory;
	struct mac_key verdicts, grants;
	int ends[ROLES]; /* descriptors of the channels */
	int came;        /* with the last message; -1: none */
} x;

/* --- everybody else ------------------------------------------------------ */

static inline void
give_directory(void)
{
	struct file_given m = { .head = { .type = FILE_GIVEN },
		.purpose = FILE_DIRECTORY };

	CHECK_OK(channel_send(fake.links[MASTER], &m, x.directory));
}

static inline void
give_secret(enum secret_kind kind, const struct mac_key *key)
{
	struct secret_given m = { .head = { .type = SECRET_GIVEN },
		.kind = kind };

	memcpy(m.key, key->octets, sizeof m.key);
	CHECK_OK(channel_send(fake.links[MASTER], &m, -1));
}

/* The program's end is as small as a control socket. */
static inline void
give_link(enum role role)
{
	OWNED(fd_close) int theirs = -1;
	struct link_given m = { .head = { .type = LINK_GIVEN }, .role = role };
	static const struct handlers none;
	int pair[2], size = 100000;

	CHECK_OK(fd_channel_pair(pair));
	theirs = pair[1];
	CHECK(setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) ==
		0);
	x.ends[role] = pair[0];
	CHECK_OK(channel_open(fake.loop, pair[0], role, QUEUE, 0, &none, NULL,
		&fake.links[role]));
	CHECK_OK(channel_send(fake.links[MASTER], &m, theirs));
}

/* Account 5 is in that epoch, and there are no others. */
static inline void
give_epoch(uint32_t epoch)
{
	struct account_epoch all = { 5, epoch };
	struct epochs_given m = { .head = { .type = EPOCHS_GIVEN },
		.count = 1,
		.highest = 5 };
	OWNED(fd_close) int fd = -1;

	CHECK_OK(fd_memory_of("epochs", span_at(&all, sizeof all), &fd));
	CHECK_OK(channel_send(fake.links[AUTH], &m, fd));
}

/* `role` is started again, and its successor is known before its end is.  Undo
 * with channel_close: then its end is known. */
static inline struct channel *
succeed(enum role role)
{
	struct channel *before = fake.links[role];

	give_link(role);
	return before;
}

static inline void
give(void)
{
	static const enum role links[] = { AUTH, MX, SUBMISSION, RELAY, DIAL,
		SCAN, STORE, CTL };

	give_directory();
	give_secret(SECRET_VERDICT, &x.verdicts);
	give_secret(SECRET_GRANT, &x.grants);
	for (size_t i = 0; i < COUNT_OF(links); i++)
		give_link(links[i]);
	give_epoch(1);
}

static inline void
say(enum role from, const void *message, int fd)
{
	CHECK_OK(channel_send(fake.links[from], message, fd));
}

/* The next message to `role`, whatever it is. */
static inline const struct head *
hear_any(enum role role)
{
	static _Alignas(8) uint8_t octets[8192];
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { octets, sizeof octets };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof control.octets };
	struct pollfd p = { x.ends[role], POLLIN, 0 };

	CHECK_NUMBER(poll(&p, 1, 60000), 1);
	CHECK(recvmsg(p.fd, &h, MSG_CMSG_CLOEXEC) > 0);
	fd_close(&x.came);
	if (CMSG_FIRSTHDR(&h))
		memcpy(&x.came, CMSG_DATA(CMSG_FIRSTHDR(&h)), sizeof x.came);
	return (const void *)octets;
}

/* The next message, which must be of that type. */
static inline void
hear(enum role role, uint32_t type, void *message)
{
	const struct head *head = hear_any(role);

	CHECK_NUMBER(head->type, type);
	memcpy(message, head, message_size(type));
}

static inline bool
hears_nothing(enum role role)
{
	struct pollfd p = { x.ends[role], POLLIN, 0 };

	return poll(&p, 1, 0) == 0;
}

/* --- life ---------------------------------------------------------------- */

static inline void
begin(void)
{
	CHECK_OK(crypto_start());
	mac_start();
	memset(&x, 0, sizeof x);
	x.came = -1;
	strncpy(x.path, "/var/tmp/queue-test-XXXXXX", sizeof x.path - 1);
	CHECK(mkdtemp(x.path) != NULL);
	x.directory = open(x.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* as root's child the program runs as the role's own user */
	CHECK(x.directory >= 0 && fchmod(x.directory, 0777) == 0);
	mac_key_make(&x.verdicts);
	mac_key_make(&x.grants);
}

static inline struct site *
play_site(void)
{
	struct site *s = fake_site();

	s->max_queue = 10000;
	s->schedule_us[0] = HOURS(1);
	s->expire_us = DAYS(5);
	s->delay_notice_us = HOURS(4);
	s->relay_connections = 4;
	s->relay_per_host = 2;
	return s;
}

static inline void
start(void)
{
	fake_start(QUEUE, play_site(), give);
}

static inline void
remove_name(void *arg, const char *name)
{
	unlinkat(*(const int *)arg, name, 0);
}

static inline void
end(void)
{
	fake_stop();
	fd_close(&x.came);
	CHECK_OK(file_each(x.directory, remove_name, &x.directory));
	fd_close(&x.directory);
	rmdir(x.path);
}

/* --- submission ---------------------------------------------------------- */

static inline void
seal(struct enqueue_open *m)
{
	mac_make(&x.verdicts, span_at(&m->verdict, TOKEN_SIGNED(struct verdict)),
		m->verdict.mac);
	mac_make(&x.grants, span_at(&m->grant, TOKEN_SIGNED(struct grant)),
		m->grant.mac);
}

static inline struct enqueue_open
letter(uint32_t rcpts)
{
	struct enqueue_open m = { .head = { .type = ENQUEUE_OPEN,
					  .session = SESSION },
		.size = BODY.len,
		.arrived_us = clock_instant().us,
		.rcpts = rcpts,
		.sender_len = 10,
		.sender = "alice@me.t",
		.verdict = { .size = BODY.len, .outcome = OUTCOME_CLEAN },
		.grant = { .session = SESSION,
			.expires_us = INT64_MAX,
			.account = 5,
			.kind = GRANT_SASL,
			.epoch = 1 } };

	sha256(BODY, m.verdict.sha256);
	seal(&m);
	return m;
}

static inline void
hand_in(const struct enqueue_open *m, const char *const *rcpts)
{
	OWNED(fd_close) int body = -1;

	CHECK_OK(fd_memory_of("body", BODY, &body));
	say(SUBMISSION, m, body);
	for (uint32_t i = 0; i < m->rcpts; i++) {
		struct enqueue_rcpt r = { .head = { .type = ENQUEUE_RCPT,
						  .session = SESSION },
			.address_len = (uint16_t)strlen(rcpts[i]) };

		memcpy(r.address, rcpts[i], r.address_len);
		say(SUBMISSION, &r, -1);
	}
}

/* Taken in; its number. */
static inline uint64_t
queued(uint32_t rcpts, const char *const *addresses)
{
	struct enqueue_open m = letter(rcpts);
	struct enqueue_done done;

	hand_in(&m, addresses);
	hear(SUBMISSION, ENQUEUE_DONE, &done);
	CHECK_NUMBER(done.fault, 0);
	CHECK(done.id > 0);
	return done.id;
}

/* --- the operator -------------------------------------------------------- */

static inline void
order(enum queue_verb verb, uint64_t id)
{
	struct queue_order m = { .head = { .type = QUEUE_ORDER },
		.verb = verb,
		.id = id };

	say(CTL, &m, -1);
}

static inline void
check_done(uint64_t count, const struct fault *f)
{
	struct ctl_done done;

	hear(CTL, CTL_DONE, &done);
	CHECK_NUMBER(done.count, count);
	CHECK_NUMBER(done.fault, fault_number(f));
}

/* What the list shows: rows, and attempts in all of them. */
static inline void
list(uint64_t *rows, uint64_t *attempts)
{
	const struct head *head;

	*rows = *attempts = 0;
	order(QUEUE_LIST, 0);
	while ((head = hear_any(CTL))->type == QUEUE_ROW) {
		++*rows;
		*attempts += ((const struct queue_row *)head)->attempts;
	}
	CHECK_NUMBER(head->type, CTL_DONE);
}

/* Wait until it shows that: channels are read in any order. */
static inline void
wait_for(uint64_t rows, uint64_t attempts)
{
	uint64_t n = UINT64_MAX, sum = 0;

	for (int i = 0; i < 60000 && (n != rows || sum != attempts); i++) {
		if (i > 0)
			usleep(1000);
		list(&n, &sum);
	}
	CHECK_NUMBER(n, rows);
	CHECK_NUMBER(sum, attempts);
}
