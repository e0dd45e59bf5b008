/* The real program between a client and everybody whom it asks. */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "sys/fake_master.h"

#define ACCOUNTS_MANY 1000 /* as many as one address leads to */

static int client = -1;
static struct sockaddr_in door;

/* --- the client ---------------------------------------------------------- */

static void
says(const char *text)
{
	CHECK_NUMBER(write(client, text, strlen(text)), (ssize_t)strlen(text));
}

/* One line, octet by octet: what stands behind it is the next reply. */
static size_t
read_line(char line[512])
{
	size_t n = 0;

	do {
		struct pollfd p = { client, POLLIN, 0 };

		CHECK_NUMBER(poll(&p, 1, 60000), 1);
		CHECK_NUMBER(read(client, line + n, 1), 1);
	} while (line[n++] != '\n' && n < 511);
	line[n] = 0;
	return n;
}

/* The code of the next reply. */
static unsigned
reply(void)
{
	char line[512];

	do
		CHECK(read_line(line) >= 6);
	while (line[3] == '-');
	return (unsigned)strtoul(line, NULL, 10);
}

/* --- everybody else ------------------------------------------------------ */

static void
give(void)
{
	static const enum role roles[] = { LOG, AUTH, METER, SCAN, QUEUE,
		STORE };
	OWNED(fd_close) int fd = socket(AF_INET,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct listen_given m = { .head = { .type = LISTEN_GIVEN } };
	socklen_t len = sizeof door;

	door = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CHECK(bind(fd, (struct sockaddr *)&door, len) == 0 &&
		listen(fd, 8) == 0 &&
		getsockname(fd, (struct sockaddr *)&door, &len) == 0);
	for (size_t i = 0; i < COUNT_OF(roles); i++)
		fake_link(roles[i], MX);
	CHECK_OK(channel_send(fake.links[MASTER], &m, fd));
}

/* The next question to the meter has that answer. */
static void
measure(const struct fault *f)
{
	struct limit_answer m = { .head = { .type = LIMIT_ANSWER },
		.fault = fault_number(f) };

	fake_expect(LIMIT_ASK);
	m.head.serial = fake.message.head.serial;
	m.head.session = fake.message.head.session;
	CHECK_OK(channel_send(fake.links[METER], &m, -1));
}

/* Answer the question that came: `count` accounts from `first` on, in as many
 * messages as it takes, or a fault. */
static void
lead_to(uint32_t first, uint32_t count, const struct fault *f)
{
	struct head asked;

	fake_expect(RCPT_CHECK);
	asked = fake.message.head;
	do {
		struct rcpt_answer m = { .head = asked,
			.kind = f ? RCPT_REFUSED : RCPT_LOCAL,
			.fault = fault_number(f),
			.more = count > RCPT_ACCOUNTS,
			.count = count < RCPT_ACCOUNTS ? count
						       : RCPT_ACCOUNTS };

		m.head.type = RCPT_ANSWER;
		for (uint32_t i = 0; i < m.count; i++)
			m.accounts[i] = first++;
		count -= m.count;
		CHECK_OK(channel_send(fake.links[AUTH], &m, -1));
	} while (count > 0);
}

/* A session that has a sender. */
static bool
begin(void)
{
	struct site *s = fake_site();

	if (!fake_is_built(MX))
		return false;
	s->max_sessions = s->max_per_source = s->max_per_net = 8;
	s->few_sessions = 8;
	s->max_message = MiB(1);
	s->max_recipients = 100;
	s->max_messages = 10;
	s->data_rate = 1;
	s->slow_us = s->idle_us = s->data_us = s->message_us = s->login_us =
		s->session_us = HOURS(1);
	s->domains[0] = (struct site_domain){ "agency.example" };
	fake_start(MX, s, give);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(connect(client, (struct sockaddr *)&door, sizeof door) == 0);
	measure(OK);
	CHECK_NUMBER(reply(), 220);
	says("EHLO c.test\r\n");
	CHECK_NUMBER(reply(), 250);
	says("MAIL FROM:<x@att.test>\r\n");
	CHECK_NUMBER(reply(), 250);
	return true;
}

static void
end(void)
{
	fd_close(&client);
	fake_stop();
}

/* --- tests --------------------------------------------------------------- */

/* What else auth says about one recipient is nothing about the next. */
TEST(an_address_with_too_many_mailboxes_answers_for_itself_only)
{
	if (!begin())
		return;
	says("RCPT TO:<few@agency.example>\r\n");
	lead_to(1, 500, OK);
	CHECK_NUMBER(reply(), 250);
	says("RCPT TO:<many@agency.example>\r\n"
	     "RCPT TO:<nobody@agency.example>\r\n");
	lead_to(501, ACCOUNTS_MANY, OK);
	CHECK_NUMBER(reply(), 452);
	lead_to(0, 0, &fault_mailbox_unknown);
	measure(OK);
	CHECK_NUMBER(reply(), 550);
	end();
}

/* Nothing of a question that was never answered is left. */
TEST(a_meter_that_went_away_is_asked_anew)
{
	if (!begin())
		return;
	says("RCPT TO:<nobody@agency.example>\r\n");
	lead_to(0, 0, &fault_mailbox_unknown);
	fake_expect(LIMIT_ASK);
	channel_close(&fake.links[METER]);
	CHECK_NUMBER(reply(), 451);
	fake_link(METER, MX);
	says("RCPT TO:<alice@agency.example>\r\n");
	lead_to(1, 1, OK);
	CHECK_NUMBER(reply(), 250);
	says("DATA\r\n");
	measure(OK);
	CHECK_NUMBER(reply(), 354);
	end();
}

/* Its successor may be there before its end is seen. */
TEST(a_meter_whose_successor_was_faster_is_asked_anew)
{
	struct channel *old;

	if (!begin())
		return;
	says("RCPT TO:<nobody@agency.example>\r\n");
	lead_to(0, 0, &fault_mailbox_unknown);
	fake_expect(LIMIT_ASK);
	old = fake.links[METER];
	fake_link(METER, MX);
	says("NOOP\r\n");
	channel_close(&old);
	CHECK_NUMBER(reply(), 451);
	CHECK_NUMBER(reply(), 250);
	end();
}
