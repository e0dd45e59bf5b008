/* The real program between a queue, a dial and a server that the test plays. */
#include <poll.h>
#include <sys/socket.h>

#include "sys/fake_master.h"

#define JOB  77
#define MANY 1000
#define BODY SPAN("Subject: one\r\n\r\nbody\r\n")

static int server = -1;
static int queue; /* what the program says to it */
static int small; /* octets between the two; 0: the usual */

/* --- the server ---------------------------------------------------------- */

static void
server_says(const char *text)
{
	CHECK_NUMBER(write(server, text, strlen(text)), (ssize_t)strlen(text));
}

/* Read until `text` came; false: the client closed before. */
static bool
server_reads(const char *text)
{
	static uint8_t room[1 << 20];
	size_t len = 0;

	while (len < sizeof room) {
		struct pollfd p = { server, POLLIN, 0 };
		ssize_t n;

		CHECK_NUMBER(poll(&p, 1, 60000), 1);
		n = read(server, room + len, sizeof room - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		if (span_find(span_at(room, len), span_of(text)) < len)
			return true;
	}
	return false;
}

/* --- queue and dial ------------------------------------------------------ */

/* Results and the end of a job come together: the loop would lose one. */
static void
give_queue(void)
{
	OWNED(fd_close) int theirs = -1;
	struct link_given m = { .head = { .type = LINK_GIVEN }, .role = QUEUE };
	static const struct handlers none;
	int pair[2];

	CHECK_OK(fd_channel_pair(pair));
	queue = pair[0];
	theirs = pair[1];
	if (small > 0)
		CHECK(setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &small,
			      sizeof small) == 0);
	CHECK_OK(channel_open(fake.loop, queue, QUEUE, RELAY, 0, &none, NULL,
		&fake.links[QUEUE]));
	CHECK_OK(channel_send(fake.links[MASTER], &m, theirs));
}

static void
give(void)
{
	give_queue();
	fake_link(DIAL, RELAY);
	fake_link(LOG, RELAY);
}

static void
begin_job(uint64_t id, uint32_t rcpts, uint64_t reuse)
{
	OWNED(fd_close) int body = -1;
	struct relay_job m = { .head = { .type = RELAY_JOB, .session = id },
		.reuse = reuse,
		.size = BODY.len,
		.rcpts = rcpts,
		.sender_len = 10,
		.sender = "alice@me.t" };

	CHECK_OK(fd_memory_of("body", BODY, &body));
	CHECK_OK(channel_send(fake.links[QUEUE], &m, body));
}

/* As long as an address may be. */
static void
add_rcpt(uint64_t id, uint32_t index)
{
	struct relay_rcpt m = { .head = { .type = RELAY_RCPT, .session = id,
					.serial = index },
		.address_len = 300 };

	memset(m.address, 'a', 300);
	m.address[60] = '@';
	while (channel_send(fake.links[QUEUE], &m, -1) == &fault_ipc_busy)
		usleep(1000);
}

static void
connect_job(uint64_t id, enum tls_policy tls)
{
	OWNED(fd_close) int theirs = -1;
	struct dial_connected m = { .head = { .type = DIAL_CONNECTED,
					    .session = id },
		.port = 25,
		.host_len = 7,
		.tls = tls,
		.host = "mx.test" };
	int pair[2], size = 4096;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	server = pair[0];
	theirs = pair[1];
	CHECK(setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) ==
		0);
	CHECK_OK(channel_send(fake.links[DIAL], &m, theirs));
}

static void
begin(void)
{
	fake_start(RELAY, fake_site(), give);
}

static void
end(void)
{
	fd_close(&server);
	fake_stop();
}

static void
expect(uint32_t type, uint64_t job, void *message)
{
	struct pollfd p = { queue, POLLIN, 0 };
	struct head head;

	CHECK_NUMBER(poll(&p, 1, 60000), 1);
	CHECK(recv(queue, message, message_size(type), 0) > 0);
	memcpy(&head, message, sizeof head);
	CHECK_NUMBER(head.type, type);
	CHECK_NUMBER(head.session, job);
}

static uint16_t
expect_result(uint64_t job)
{
	struct relay_result m;

	expect(RELAY_RESULT, job, &m);
	return m.reply.code;
}

static void
expect_done(uint64_t job)
{
	struct relay_done m;

	expect(RELAY_DONE, job, &m);
}

/* --- tests --------------------------------------------------------------- */

TEST(a_message_is_handed_over)
{
	if (!fake_is_built(RELAY))
		return;
	begin();
	begin_job(JOB, 1, 0);
	add_rcpt(JOB, 0);
	connect_job(JOB, TLS_OPPORTUNISTIC);
	server_says("220 hi\r\n");
	CHECK(server_reads("EHLO"));
	server_says("250 mx.test\r\n");
	CHECK(server_reads("MAIL FROM:<alice@me.t>\r\n"));
	server_says("250 ok\r\n");
	CHECK(server_reads("RCPT TO"));
	server_says("250 ok\r\n");
	CHECK(server_reads("DATA\r\n"));
	server_says("354 go on\r\n");
	CHECK(server_reads("body\r\n.\r\n"));
	server_says("250 kept\r\n");
	CHECK_NUMBER(expect_result(JOB), 250);
	expect_done(JOB);
	end();
}

/* What came in clear must not be read as what came under TLS (rule T2), in
 * whatever segments it comes. */
TEST(nothing_may_stand_behind_the_answer_to_starttls)
{
	static const enum tls_policy policies[] = { TLS_OPPORTUNISTIC,
		TLS_REQUIRED };

	if (!fake_is_built(RELAY))
		return;
	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		begin();
		begin_job(JOB, 1, 0);
		add_rcpt(JOB, 0);
		connect_job(JOB, policies[i]);
		server_says("220 hi\r\n");
		CHECK(server_reads("EHLO"));
		server_says("250-mx.test\r\n250 STARTTLS\r\n");
		CHECK(server_reads("STARTTLS\r\n"));
		server_says("220 go\r\nX");
		CHECK(!server_reads("\x16\x03")); /* no handshake */
		CHECK_NUMBER(expect_result(JOB) / 100, 4);
		expect_done(JOB);
		end();
	}
}

/* The answers come in one piece while the commands wait for room. */
TEST(answers_are_read_when_there_is_room_again)
{
	static char answers[MANY * 8 + 9];
	size_t len = 0;

	if (!fake_is_built(RELAY))
		return;
	for (int i = 0; i <= MANY; i++) {
		memcpy(answers + len, "250 ok\r\n", 8);
		len += 8;
	}
	begin();
	begin_job(JOB, MANY, 0);
	for (uint32_t i = 0; i < MANY; i++)
		add_rcpt(JOB, i);
	connect_job(JOB, TLS_OPPORTUNISTIC);
	server_says("220 hi\r\n");
	CHECK(server_reads("EHLO"));
	server_says("250-mx.test\r\n250 PIPELINING\r\n");
	CHECK(server_reads("MAIL FROM"));
	server_says(answers);
	usleep(200000); /* the output is full by now */
	CHECK(server_reads("DATA\r\n"));
	end();
}

/* A queue that is slow loses nothing: who has a message already would get it
 * again, and a job without an end is at work for ever. */
TEST(results_wait_for_a_queue_that_does_not_read)
{
	static char answers[MANY * 8 + 9];

	if (!fake_is_built(RELAY))
		return;
	for (int i = 0; i <= MANY; i++)
		memcpy(answers + 8 * i, "250 ok\r\n", 8);
	small = 20000;
	begin();
	small = 0;
	begin_job(JOB, MANY, 0);
	for (uint32_t i = 0; i < MANY; i++)
		add_rcpt(JOB, i);
	connect_job(JOB, TLS_OPPORTUNISTIC);
	server_says("220 hi\r\n");
	CHECK(server_reads("EHLO"));
	server_says("250-mx.test\r\n250 PIPELINING\r\n");
	CHECK(server_reads("MAIL FROM"));
	server_says(answers);
	CHECK(server_reads("DATA\r\n"));
	server_says("354 go on\r\n");
	CHECK(server_reads("body\r\n.\r\n"));
	server_says("250 kept\r\n");
	usleep(200000);
	for (int i = 0; i < MANY; i++)
		CHECK_NUMBER(expect_result(JOB), 250);
	expect_done(JOB);
	end();
}

/* The queue sends a job in one go; what another follows is broken off. */
TEST(a_job_that_never_gets_whole_is_forgotten)
{
	if (!fake_is_built(RELAY))
		return;
	begin();
	begin_job(JOB, 2, 4711);
	add_rcpt(JOB, 0);
	begin_job(JOB + 1, 1, 0);
	add_rcpt(JOB + 1, 0);
	expect_done(JOB);
	connect_job(JOB + 1, TLS_OPPORTUNISTIC);
	server_says("421 no\r\n");
	CHECK_NUMBER(expect_result(JOB + 1), 421);
	expect_done(JOB + 1);
	end();
}

TEST(what_is_to_go_in_clear_does)
{
	if (!fake_is_built(RELAY))
		return;
	begin();
	begin_job(JOB, 1, 0);
	add_rcpt(JOB, 0);
	connect_job(JOB, TLS_NONE);
	server_says("220 hi\r\n");
	CHECK(server_reads("EHLO"));
	server_says("250-mx.test\r\n250 STARTTLS\r\n");
	CHECK(server_reads("MAIL FROM"));
	end();
}

/* --- a connection that was open already ---------------------------------- */

static uint64_t
expect_open(uint64_t job)
{
	struct relay_done m;

	expect(RELAY_DONE, job, &m);
	CHECK(m.connection != 0);
	return m.connection;
}

/* One message is over, the connection is open; a second job for it. */
static void
reuse(void)
{
	begin();
	begin_job(JOB, 1, 0);
	add_rcpt(JOB, 0);
	connect_job(JOB, TLS_OPPORTUNISTIC);
	server_says("220 hi\r\n");
	CHECK(server_reads("EHLO"));
	server_says("250 mx.test\r\n");
	CHECK(server_reads("MAIL FROM"));
	server_says("250 ok\r\n");
	CHECK(server_reads("RCPT TO"));
	server_says("550 no\r\n");
	CHECK_NUMBER(expect_result(JOB), 550);
	CHECK(server_reads("RSET"));
	server_says("250 ok\r\n");
	begin_job(JOB + 1, 1, expect_open(JOB));
	add_rcpt(JOB + 1, 0);
	CHECK(server_reads("MAIL FROM"));
}

/* That is no attempt: the queue takes a new connection. */
TEST(a_server_that_has_enough_of_a_connection_gets_another)
{
	if (!fake_is_built(RELAY))
		return;
	test_row = "it says so";
	reuse();
	server_says("421 enough\r\n");
	expect_done(JOB + 1);
	end();
	test_row = "it ends it";
	reuse();
	fd_close(&server);
	expect_done(JOB + 1);
	end();
	test_row = "it does not take the message now";
	reuse();
	server_says("451 later\r\n");
	CHECK_NUMBER(expect_result(JOB + 1), 451);
	expect_done(JOB + 1);
	end();
}

TEST(a_connection_that_is_gone_is_no_attempt)
{
	if (!fake_is_built(RELAY))
		return;
	begin();
	begin_job(JOB, 1, 4711);
	add_rcpt(JOB, 0);
	expect_done(JOB);
	end();
}
