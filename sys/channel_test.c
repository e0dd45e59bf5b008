#include "sys/channel.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "sys/fd.h"

/* The ends of a channel: mx asks, auth answers. */
static struct {
	struct loop *loop;
	struct channel *auth;
	int mx; /* the raw other end */
	int checks, answers, gone, forbidden, descriptors;
	uint32_t forbidden_type;
} t;

static void
take_check(void *owner, struct channel *c, const void *message, int fd)
{
	const struct rcpt_check *m = message;
	struct rcpt_answer a = { .head = { .type = RCPT_ANSWER,
					 .serial = m->head.serial } };

	(void)owner;
	(void)fd;
	t.checks++;
	CHECK_OK(channel_send(c, &a, -1));
}

static void
take_gone(void *owner, struct channel *c)
{
	(void)owner;
	(void)c;
	t.gone++;
	t.auth = NULL;
}

static void
take_forbidden(enum role peer, uint32_t instance, uint32_t type)
{
	(void)instance;
	CHECK_NUMBER(peer, MX);
	t.forbidden++;
	t.forbidden_type = type;
}

static const struct handlers handlers = {
	.on = { [RCPT_CHECK] = take_check },
	.gone = take_gone,
};

static void
stop_turn(void *arg)
{
	loop_stop(arg, 0);
}

static void
close_pair(void)
{
	channel_close(&t.auth);
	loop_close(&t.loop);
	close(t.mx);
}

/* One turn of the loop, or none when nothing is ready. */
static void
turn(void)
{
	struct timer *timer;

	CHECK_OK(timer_open(t.loop, stop_turn, t.loop, &timer));
	timer_set(timer, 1000);
	CHECK_NUMBER(loop_run(t.loop), 0);
	timer_close(&timer);
}

static void
open_pair(void)
{
	int pair[2];

	memset(&t, 0, sizeof t);
	CHECK_OK(loop_open(&t.loop));
	CHECK_OK(fd_channel_pair(pair));
	t.mx = pair[0];
	CHECK_OK(channel_open(t.loop, pair[1], AUTH, MX, 0, &handlers, NULL,
		&t.auth));
	channel_on_forbidden(take_forbidden);
}

TEST(a_permitted_message_reaches_its_handler)
{
	struct rcpt_check m = { .head = { .type = RCPT_CHECK, .serial = 7 } };
	struct rcpt_answer a;

	open_pair();
	CHECK_NUMBER(write(t.mx, &m, sizeof m), sizeof m);
	turn();
	CHECK_NUMBER(t.checks, 1);
	CHECK_NUMBER(read(t.mx, &a, sizeof a), sizeof a);
	CHECK_NUMBER(a.head.serial, 7);
	CHECK_NUMBER(t.forbidden, 0);
	close_pair();
}

static const struct {
	const char *what;
	uint32_t type;
	size_t len;
} refused[] = {
	{ "a type that does not exist", MESSAGES, sizeof(struct rcpt_check) },
	{ "no type at all", MESSAGE_NONE, sizeof(struct rcpt_check) },
	{ "a message this role may not send", SESSION_OPEN,
		sizeof(struct session_open) },
	{ "a message auth does not take from mx", SASL_STEP,
		sizeof(struct sasl_step) },
	{ "one octet too few", RCPT_CHECK, sizeof(struct rcpt_check) - 1 },
	{ "one octet too many", RCPT_CHECK, sizeof(struct rcpt_check) + 1 },
	{ "less than a head", RCPT_CHECK, sizeof(struct head) - 1 },
};

TEST(a_forbidden_message_ends_the_channel)
{
	static uint8_t octets[8192];
	struct head head = { 0 };

	EACH_CASE(c, refused) {
		open_pair();
		head.type = c->type;
		memcpy(octets, &head, sizeof head);
		CHECK_NUMBER(write(t.mx, octets, c->len), c->len);
		turn();
		CHECK_NUMBER(t.checks, 0);
		CHECK_NUMBER(t.forbidden, 1);
		CHECK_NUMBER(t.gone, 1);
		CHECK(write(t.mx, octets, 1) < 0);
		close_pair();
	}
}

/* A message with a descriptor that does not belong to it. */
static void
send_with_descriptor(void)
{
	struct rcpt_check m = { .head = { .type = RCPT_CHECK } };
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { &m, sizeof m };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof control.octets };
	int fd = 0;

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
	CHECK_NUMBER(sendmsg(t.mx, &h, 0), sizeof m);
}

TEST(a_descriptor_where_none_belongs_ends_the_channel)
{
	open_pair();
	send_with_descriptor();
	turn();
	CHECK_NUMBER(t.checks, 0);
	CHECK_NUMBER(t.forbidden, 1);
	close_pair();
}

/* When we have no descriptors left, the sender is not to blame. */
TEST(a_descriptor_that_finds_no_room_is_lost)
{
	struct rcpt_check m = { .head = { .type = RCPT_CHECK } };
	struct rlimit most, none;

	open_pair();
	send_with_descriptor();
	CHECK_NUMBER(write(t.mx, &m, sizeof m), sizeof m);
	CHECK(getrlimit(RLIMIT_NOFILE, &most) == 0);
	none = (struct rlimit){ 1, most.rlim_max };
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	turn();
	CHECK(setrlimit(RLIMIT_NOFILE, &most) == 0);
	CHECK_NUMBER(t.checks, 1); /* the next one */
	CHECK_NUMBER(t.forbidden, 0);
	close_pair();
}

TEST(a_full_channel_says_busy_and_a_closed_one_closed)
{
	struct rcpt_answer a = { .head = { .type = RCPT_ANSWER } };
	const struct fault *f = OK;

	open_pair();
	for (int i = 0; i < 1000000 && !f; i++)
		f = channel_send(t.auth, &a, -1);
	CHECK_FAULT(f, &fault_ipc_busy);
	close(t.mx);
	CHECK_FAULT(channel_send(t.auth, &a, -1), &fault_ipc_closed);
	CHECK_FAULT(channel_send(NULL, &a, -1), &fault_ipc_closed);
	turn();
	CHECK_NUMBER(t.gone, 1);
	loop_close(&t.loop);
}

static void
fill(void)
{
	struct rcpt_answer a = { .head = { .type = RCPT_ANSWER } };

	while (channel_send(t.auth, &a, -1) == OK)
		;
}

TEST(patience_lasts_until_there_is_room)
{
	struct rcpt_answer a = { .head = { .type = RCPT_ANSWER } };
	pid_t reader;
	int status;

	open_pair();
	test_row = "nobody reads";
	fill();
	CHECK_FAULT(channel_send_patiently(t.auth, &a, 1000), &fault_ipc_busy);
	test_row = "it is read in the end";
	reader = fork();
	CHECK(reader >= 0);
	if (reader == 0) {
		usleep(100000);
		while (recv(t.mx, &a, sizeof a, MSG_DONTWAIT) > 0)
			;
		_exit(0);
	}
	CHECK_OK(channel_send_patiently(t.auth, &a, SECONDS(60)));
	CHECK(waitpid(reader, &status, 0) == reader && status == 0);
	test_row = "the peer is gone";
	close(t.mx);
	CHECK_FAULT(channel_send_patiently(t.auth, &a, SECONDS(60)),
		&fault_ipc_closed);
	turn();
	loop_close(&t.loop);
}

/* --- an answer that is longer than the channel --------------------------- */

#define MANY 100000

static int sent, told;

static void
send_more(void *owner, struct channel *c)
{
	struct rcpt_answer a = { .head = { .type = RCPT_ANSWER } };

	(void)owner;
	told++;
	for (a.head.serial = (uint32_t)sent; sent < MANY; a.head.serial++) {
		if (channel_send(c, &a, -1)) {
			channel_on_room(c, send_more);
			return;
		}
		sent++;
	}
}

TEST(who_does_not_read_is_ended_on_both_sides)
{
	struct rcpt_answer a = { .head = { .type = RCPT_ANSWER } };
	const struct fault *f;
	ssize_t n;

	open_pair();
	do
		f = channel_send(t.auth, &a, -1);
	while (!f);
	CHECK(f == &fault_ipc_busy);
	channel_end(t.auth);
	CHECK_NUMBER(t.gone, 0); /* not under the caller's feet */
	turn();
	CHECK_NUMBER(t.gone, 1);
	do
		n = read(t.mx, &a, sizeof a);
	while (n > 0);
	CHECK_NUMBER(n, 0);
	close_pair();
}

TEST(a_long_answer_goes_on_when_there_is_room)
{
	struct rcpt_answer a;

	open_pair();
	sent = told = 0;
	send_more(NULL, t.auth);
	CHECK(sent < MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		if (recv(t.mx, &a, sizeof a, MSG_DONTWAIT) < 0) {
			turn();
			CHECK_NUMBER(recv(t.mx, &a, sizeof a, MSG_DONTWAIT),
				sizeof a);
		}
		CHECK_NUMBER(a.head.serial, i);
	}
	/* called when there was room, and not once more */
	CHECK(told > 1);
	sent = told;
	turn();
	CHECK_NUMBER(told, sent);
	close_pair();
}

static void
close_it(void *owner, struct channel *c)
{
	(void)owner;
	told++;
	channel_close(&c);
	t.auth = NULL;
}

TEST(who_is_told_of_room_may_close)
{
	struct rcpt_check m = { .head = { .type = RCPT_CHECK } };

	open_pair();
	told = 0;
	channel_on_room(t.auth, close_it);
	CHECK_NUMBER(write(t.mx, &m, sizeof m), sizeof m);
	turn();
	CHECK_NUMBER(told, 1);
	CHECK_NUMBER(t.checks, 0);
	close_pair();
}
