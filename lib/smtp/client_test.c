/* Servers of all kinds: what the client says to them and what becomes of the
 * recipients.  A server's words up to "\f" come when the client waits. */
#include "lib/base/test.h"
#include "lib/smtp/fake_queue.h"

#define W       "\f"
#define EHLO    "220 x\r\n" W "250-x\r\n250-PIPELINING\r\n250 8BITMIME\r\n" W
#define SLOW    "220 x\r\n" W "250 x\r\n" W
#define HELLO   "EHLO me.test\r\n"
#define LHLO    "LHLO me.test\r\n"
#define MAIL    "MAIL FROM:<a@b>\r\n"
#define RCPTS   "RCPT TO:<u@v>\r\nRCPT TO:<w@v>\r\n"
#define BODY    "hi\r\n..\r\n.\r\n"
#define QUIT    "QUIT\r\n"

static const struct client_rcpt rcpts[] = { { .address = SPAN("u@v") },
	{ .address = SPAN("w@v") } };
static const struct client_rcpt noted[] = {
	{ SPAN("u@v"), NOTIFY_NEVER, SPAN("") },
	{ SPAN("w@v"), NOTIFY_SUCCESS | NOTIFY_DELAY, SPAN("rfc822;x@v") },
};

enum { EIGHT_BIT = 1, UTF8 = 2, REPORTS = 4, LOGIN = 8, LMTP = 16 };

static const struct dialogue {
	const char *what;
	enum client_tls tls;
	unsigned needs;
	unsigned more_jobs;
	struct span server;
	const char *says;
	unsigned codes[2]; /* of the last job */
} dialogues[] = {
	{ "with pipelining", 0, 0, 0,
		SPAN(EHLO "250 x\r\n250 x\r\n250 x\r\n" W "354 x\r\n" W
			  "250 x\r\n" W "221 x\r\n"),
		HELLO MAIL RCPTS "DATA\r\n" BODY QUIT, { 250, 250 } },
	{ "without pipelining", 0, 0, 0,
		SPAN(SLOW "250 x\r\n" W "250 x\r\n" W "250 x\r\n" W
			  "354 x\r\n" W "250 x\r\n" W "221 x\r\n"),
		HELLO MAIL RCPTS "DATA\r\n" BODY QUIT, { 250, 250 } },
	{ "two messages", 0, 0, 1,
		SPAN(EHLO "250 x\r\n250 x\r\n250 x\r\n" W "354 x\r\n" W
			  "250 x\r\n" W "250 x\r\n250 x\r\n250 x\r\n" W
			  "354 x\r\n" W "450 x\r\n" W "221 x\r\n"),
		HELLO MAIL RCPTS "DATA\r\n" BODY MAIL RCPTS "DATA\r\n" BODY QUIT,
		{ 450, 450 } },
	{ "MAIL refused, recipients already said", 0, 0, 0,
		SPAN(EHLO "550 x\r\n503 x\r\n503 x\r\n" W "221 x\r\n"),
		HELLO MAIL RCPTS QUIT, { 550, 550 } },
	{ "MAIL refused, recipients taken all the same: nothing more here", 0,
		0, 1,
		SPAN(EHLO "550 x\r\n250 x\r\n250 x\r\n" W "221 x\r\n"),
		HELLO MAIL RCPTS QUIT, { 550, 550 } },
	{ "MAIL refused, recipients not said", 0, 0, 0,
		SPAN(SLOW "450 x\r\n" W "221 x\r\n"), HELLO MAIL QUIT,
		{ 450, 450 } },
	{ "one recipient refused", 0, 0, 0,
		SPAN(EHLO "250 x\r\n550 x\r\n250 x\r\n" W "354 x\r\n" W
			  "250 x\r\n" W "221 x\r\n"),
		HELLO MAIL RCPTS "DATA\r\n" BODY QUIT, { 550, 250 } },
	{ "the other refused, one by one", 0, 0, 0,
		SPAN(SLOW "250 x\r\n" W "250 x\r\n" W "450 x\r\n" W
			  "354 x\r\n" W "250 x\r\n" W "221 x\r\n"),
		HELLO MAIL RCPTS "DATA\r\n" BODY QUIT, { 250, 450 } },
	{ "all refused", 0, 0, 0,
		SPAN(EHLO "250 x\r\n550 x\r\n450 x\r\n" W "250 x\r\n" W
			  "221 x\r\n"),
		HELLO MAIL RCPTS "RSET\r\n" QUIT, { 550, 450 } },
	{ "DATA refused", 0, 0, 0,
		SPAN(EHLO "250 x\r\n250 x\r\n250 x\r\n" W "554 x\r\n" W
			  "221 x\r\n"),
		HELLO MAIL RCPTS "DATA\r\n" QUIT, { 554, 554 } },
	{ "DATA answered by success: nothing was sent", 0, 0, 0,
		SPAN(EHLO "250 x\r\n250 x\r\n250 x\r\n" W "250 x\r\n"),
		HELLO MAIL RCPTS "DATA\r\n", { 451, 451 } },
	{ "MAIL answered by 354", 0, 0, 0, SPAN(SLOW "354 x\r\n"),
		HELLO MAIL, { 451, 451 } },
	{ "the message answered by 354", 0, 0, 0,
		SPAN(EHLO "250 x\r\n250 x\r\n250 x\r\n" W "354 x\r\n" W
			  "354 x\r\n"),
		HELLO MAIL RCPTS "DATA\r\n" BODY, { 451, 451 } },
	{ "success said before the message was sent", 0, 0, 0,
		SPAN(EHLO "250 x\r\n250 x\r\n250 x\r\n" W
			  "354 x\r\n250 x\r\n"),
		HELLO MAIL RCPTS "DATA\r\n", { 451, 451 } },
	{ "the message refused", 0, 0, 0,
		SPAN(EHLO "250 x\r\n250 x\r\n250 x\r\n" W "354 x\r\n" W
			  "552 x\r\n" W "221 x\r\n"),
		HELLO MAIL RCPTS "DATA\r\n" BODY QUIT, { 552, 552 } },
	{ "8-bit to a server that takes it", 0, EIGHT_BIT, 0,
		SPAN(EHLO "250 x\r\n250 x\r\n250 x\r\n" W "354 x\r\n" W
			  "250 x\r\n" W "221 x\r\n"),
		HELLO "MAIL FROM:<a@b> BODY=8BITMIME\r\n" RCPTS "DATA\r\n" BODY
			QUIT,
		{ 250, 250 } },
	{ "8-bit to a server that does not", 0, EIGHT_BIT, 0,
		SPAN(SLOW "221 x\r\n"), HELLO QUIT, { 554, 554 } },
	{ "the message as one chunk", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 CHUNKING\r\n" W
		     "250 x\r\n" W "250 x\r\n" W "250 x\r\n" W "250 x\r\n" W
		     "221 x\r\n"),
		HELLO MAIL RCPTS "BDAT 7 LAST\r\nhi\r\n.\r\n" QUIT,
		{ 250, 250 } },
	{ "a chunk refused", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 CHUNKING\r\n" W
		     "250 x\r\n" W "550 x\r\n" W "250 x\r\n" W "452 x\r\n" W
		     "221 x\r\n"),
		HELLO MAIL RCPTS "BDAT 7 LAST\r\nhi\r\n.\r\n" QUIT,
		{ 550, 452 } },
	{ "nobody to send a chunk to", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 CHUNKING\r\n" W
		     "250 x\r\n" W "550 x\r\n" W "550 x\r\n" W "250 x\r\n" W
		     "221 x\r\n"),
		HELLO MAIL RCPTS "RSET\r\n" QUIT, { 550, 550 } },
	{ "success said with the last RCPT, before a chunk was sent", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 CHUNKING\r\n" W
		     "250 x\r\n" W "250 x\r\n" W "250 x\r\n250 x\r\n"),
		HELLO MAIL RCPTS "BDAT 7 LAST\r\n", { 451, 451 } },
	{ "international, to a server that takes it", 0, UTF8, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 SMTPUTF8\r\n" W
		     "450 x\r\n" W "221 x\r\n"),
		HELLO "MAIL FROM:<a@b> SMTPUTF8\r\n" QUIT, { 450, 450 } },
	{ "international, to one that does not", 0, UTF8, 0,
		SPAN(SLOW "221 x\r\n"), HELLO QUIT, { 553, 553 } },
	{ "reports, to a server that makes them", 0, REPORTS, 0,
		SPAN("220 x\r\n" W "250-x\r\n250-PIPELINING\r\n250 DSN\r\n" W
		     "250 x\r\n550 x\r\n450 x\r\n" W "250 x\r\n" W
		     "221 x\r\n"),
		HELLO "MAIL FROM:<a@b> RET=HDRS ENVID=e+2Bd\r\n"
		      "RCPT TO:<u@v> NOTIFY=NEVER\r\n"
		      "RCPT TO:<w@v> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x@v\r\n"
		      "RSET\r\n" QUIT,
		{ 550, 450 } },
	{ "reports, to one that does not", 0, REPORTS, 0,
		SPAN(EHLO "550 x\r\n503 x\r\n503 x\r\n" W "221 x\r\n"),
		HELLO MAIL RCPTS QUIT, { 550, 550 } },
	{ "LMTP: a reply for each that was accepted", 0, LMTP, 0,
		SPAN(EHLO "250 x\r\n250 x\r\n250 x\r\n" W "354 x\r\n" W
			  "250 x\r\n452 x\r\n" W "221 x\r\n"),
		LHLO MAIL RCPTS "DATA\r\n" BODY QUIT, { 250, 452 } },
	{ "LMTP: one refused at RCPT, the other at the end", 0, LMTP, 0,
		SPAN(EHLO "250 x\r\n550 x\r\n250 x\r\n" W "354 x\r\n" W
			  "452 x\r\n" W "221 x\r\n"),
		LHLO MAIL RCPTS "DATA\r\n" BODY QUIT, { 550, 452 } },
	{ "LMTP: one reply, then nothing", 0, LMTP, 0,
		SPAN(EHLO "250 x\r\n250 x\r\n250 x\r\n" W "354 x\r\n" W
			  "250 x\r\n"),
		LHLO MAIL RCPTS "DATA\r\n" BODY, { 250, 451 } },
	{ "LMTP: a reply too many", 0, LMTP, 0,
		SPAN(EHLO "250 x\r\n250 x\r\n550 x\r\n" W "354 x\r\n" W
			  "250 x\r\n250 x\r\n"),
		LHLO MAIL RCPTS "DATA\r\n" BODY, { 250, 550 } },
	{ "LMTP: one chunk", 0, LMTP, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 CHUNKING\r\n" W
		     "250 x\r\n" W "250 x\r\n" W "250 x\r\n" W
		     "250 x\r\n450 x\r\n" W "221 x\r\n"),
		LHLO MAIL RCPTS "BDAT 7 LAST\r\nhi\r\n.\r\n" QUIT,
		{ 250, 450 } },
	{ "LMTP knows no HELO", 0, LMTP, 0,
		SPAN("220 x\r\n" W "502 x\r\n" W "221 x\r\n"), LHLO QUIT,
		{ 502, 502 } },
	{ "a limit too small", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 SIZE 6\r\n" W "221 x\r\n"),
		HELLO QUIT, { 552, 552 } },
	{ "a limit just large enough", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 SIZE 7\r\n" W "450 x\r\n" W
		     "221 x\r\n"),
		HELLO "MAIL FROM:<a@b> SIZE=7\r\n" QUIT, { 450, 450 } },
	{ "DN-D12: a limit beyond 64 bits is none", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 SIZE 18446744073709551616\r\n"
		     W "450 x\r\n" W "221 x\r\n"),
		HELLO "MAIL FROM:<a@b> SIZE=7\r\n" QUIT, { 450, 450 } },
	{ "a greeting in our name: mail leads back here", 0, 0, 0,
		SPAN("220 Me.test x\r\n" W "221 x\r\n"), QUIT, { 451, 451 } },
	{ "a greeting in a name that begins like ours", 0, 0, 0,
		SPAN("220 me.tests x\r\n" W "450 x\r\n" W "221 x\r\n"), HELLO QUIT,
		{ 450, 450 } },
	{ "a greeting that refuses", 0, 0, 0,
		SPAN("421 x\r\n" W "221 x\r\n"), QUIT, { 421, 421 } },
	{ "EHLO unknown", 0, 0, 0,
		SPAN("220 x\r\n" W "502 x\r\n" W "250 x\r\n" W "450 x\r\n" W
		     "221 x\r\n"),
		HELLO "HELO me.test\r\n" MAIL QUIT, { 450, 450 } },
	{ "EHLO refused for now", 0, 0, 0,
		SPAN("220 x\r\n" W "450 x\r\n" W "221 x\r\n"), HELLO QUIT,
		{ 450, 450 } },
	{ "TLS when it is offered", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 STARTTLS\r\n" W "220 x\r\n" W
		     "250-x\r\n250 STARTTLS\r\n" W "450 x\r\n" W "221 x\r\n"),
		HELLO "STARTTLS\r\n" HELLO MAIL QUIT, { 450, 450 } },
	{ "what was offered in clear is forgotten", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250-PIPELINING\r\n250-SIZE 1\r\n"
		     "250 STARTTLS\r\n" W "220 x\r\n" W "250 x\r\n" W
		     "450 x\r\n" W "221 x\r\n"),
		HELLO "STARTTLS\r\n" HELLO MAIL QUIT, { 450, 450 } },
	{ "octets in clear behind the answer to STARTTLS", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 STARTTLS\r\n" W
		     "220 x\r\n250 x\r\n"),
		HELLO "STARTTLS\r\n", { 451, 451 } },
	{ "one octet behind it", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 STARTTLS\r\n" W
		     "220 x\r\nX"),
		HELLO "STARTTLS\r\n", { 451, 451 } },
	{ "TLS refused, and wished only", 0, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 STARTTLS\r\n" W "454 x\r\n" W
		     "450 x\r\n" W "221 x\r\n"),
		HELLO "STARTTLS\r\n" MAIL QUIT, { 450, 450 } },
	{ "TLS offered, and not wanted", CLIENT_TLS_NONE, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 STARTTLS\r\n" W
		     "450 x\r\n" W "221 x\r\n"),
		HELLO MAIL QUIT, { 450, 450 } },
	{ "TLS refused, and required", CLIENT_TLS_REQUIRED, 0, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 STARTTLS\r\n" W "454 x\r\n" W
		     "221 x\r\n"),
		HELLO "STARTTLS\r\n" QUIT, { 451, 451 } },
	{ "TLS required and not offered", CLIENT_TLS_REQUIRED, 0, 0,
		SPAN(SLOW "221 x\r\n"), HELLO QUIT, { 451, 451 } },
	{ "TLS required, and EHLO unknown", CLIENT_TLS_REQUIRED, 0, 0,
		SPAN("220 x\r\n" W "502 x\r\n" W "250 x\r\n" W "221 x\r\n"),
		HELLO "HELO me.test\r\n" QUIT, { 451, 451 } },
	{ "a login", CLIENT_TLS_REQUIRED, LOGIN, 0,
		SPAN("220 x\r\n" W "250-x\r\n250-AUTH PLAIN\r\n"
		     "250 STARTTLS\r\n" W "220 x\r\n" W
		     "250 AUTH SCRAM-SHA-256 PLAIN\r\n" W "235 x\r\n" W
		     "450 x\r\n" W "221 x\r\n"),
		HELLO "STARTTLS\r\n" HELLO "AUTH PLAIN AGFwcABwdw==\r\n" MAIL
		QUIT, { 450, 450 } },
	{ "a login that is refused keeps the mail", CLIENT_TLS_REQUIRED, LOGIN, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 STARTTLS\r\n" W "220 x\r\n" W
		     "250 AUTH PLAIN\r\n" W "535 x\r\n" W "221 x\r\n"),
		HELLO "STARTTLS\r\n" HELLO "AUTH PLAIN AGFwcABwdw==\r\n" QUIT,
		{ 451, 451 } },
	{ "a challenge instead of an answer", CLIENT_TLS_REQUIRED, LOGIN, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 STARTTLS\r\n" W "220 x\r\n" W
		     "250 AUTH PLAIN\r\n" W "334 x\r\n"),
		HELLO "STARTTLS\r\n" HELLO "AUTH PLAIN AGFwcABwdw==\r\n",
		{ 451, 451 } },
	{ "no such login offered", CLIENT_TLS_REQUIRED, LOGIN, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 STARTTLS\r\n" W "220 x\r\n" W
		     "250 AUTH PLAINER XPLAIN\r\n" W "221 x\r\n"),
		HELLO "STARTTLS\r\n" HELLO QUIT, { 451, 451 } },
	{ "NC-2.1.4: no login in clear", 0, LOGIN, 0,
		SPAN("220 x\r\n" W "250-x\r\n250 AUTH PLAIN\r\n" W
		     "450 x\r\n" W "221 x\r\n"),
		HELLO MAIL QUIT, { 450, 450 } },
	{ "no SMTP server", 0, 0, 0, SPAN("SSH-2.0-x\r\n"), "",
		{ 451, 451 } },
	{ "an answer nobody asked for", 0, 0, 0,
		SPAN("220 x\r\n" W "250 x\r\n250 x\r\n"), HELLO, { 451, 451 } },
	{ "one answer too few, then nothing", 0, 0, 0,
		SPAN(EHLO "250 x\r\n250 x\r\n"), HELLO MAIL RCPTS,
		{ 451, 451 } },
};

/* Hold the dialogue with the server's first `cap` octets. */
static void
hold(const struct dialogue *d, size_t cap, struct fake_queue *q)
{
	static struct smtp_client c;
	static uint8_t said[1024];
	struct client_setup setup = { .host = SPAN("me.test"), .tls = d->tls,
		.lmtp = d->needs & LMTP };
	struct span server = span_at(d->server.at, cap);
	bool goes_on = true;

	*q = (struct fake_queue){ .c = &c, .said = BUF(said),
		.body = SPAN("hi\r\n.\r\n"), .jobs = d->more_jobs,
		.job = { .sender = SPAN("a@b"), .rcpts = rcpts, .count = 2,
			.size = 7, .eight_bit = d->needs & EIGHT_BIT,
			.utf8 = d->needs & UTF8 } };
	if (d->needs & REPORTS) {
		q->job.rcpts = noted;
		q->job.ret = RETURN_HEADERS;
		q->job.envid = SPAN("e+2Bd");
	}
	if (d->needs & LOGIN)
		setup.login = SPAN("\0app\0pw");
	smtp_client_init(&c, &setup);
	fake_job(q);
	while (goes_on && server.len > 0) {
		goes_on = fake_hear(q, span_shift_upto(&server,
					       span_find_octet(server, '\f')));
		span_take(&server, '\f');
	}
	if (goes_on)
		fake_lose(q);
	fake_check(q);
}

TEST(servers_of_all_kinds)
{
	EACH_CASE(d, dialogues) {
		struct fake_queue q;

		hold(d, d->server.len, &q);
		CHECK_SPAN(buf_view(&q.said), d->says);
		CHECK_NUMBER(q.codes[0], d->codes[0]);
		CHECK_NUMBER(q.codes[1], d->codes[1]);
	}
}

TEST(a_connection_lost_anywhere_leaves_each_recipient_one_result)
{
	EACH_CASE(d, dialogues) {
		for (size_t cap = 0; cap < d->server.len; cap++) {
			struct fake_queue q;

			hold(d, cap, &q); /* fake_check judges */
		}
	}
}

TEST(more_recipients_than_the_output_holds)
{
	static struct client_rcpt many[CLIENT_RCPTS_MAX];
	static struct smtp_client c;
	struct client_setup setup = { .host = SPAN("me.test") };
	struct client_job job = { .sender = SPAN("a@b"), .rcpts = many,
		.count = CLIENT_RCPTS_MAX, .size = 7 };
	struct span in = SPAN("220 x\r\n");
	unsigned results = 0;

	test_row = "1,000 recipients, each refused";
	for (size_t i = 0; i < CLIENT_RCPTS_MAX; i++)
		many[i].address = SPAN(
			"somebody.with.a.long.name@a.long.domain.test");
	smtp_client_init(&c, &setup);
	smtp_client_job(&c, &job);
	CHECK_NUMBER(smtp_client_run(&c, &in), CLIENT_READ);
	in = SPAN("250-x\r\n250 PIPELINING\r\n");
	for (int step = 0; step < 5000 && c.state <= CLIENT_RCPT; step++) {
		enum client_turn turn = smtp_client_run(&c, &in);

		smtp_client_sent(&c, smtp_client_output(&c).len);
		if (turn == CLIENT_ASK) {
			results++;
			smtp_client_noted(&c);
		} else if (turn == CLIENT_READ) {
			in = c.state == CLIENT_MAIL ? SPAN("250 x\r\n")
						    : SPAN("550 x\r\n");
		}
	}
	CHECK_NUMBER(results, CLIENT_RCPTS_MAX);
	CHECK_NUMBER(c.state, CLIENT_RSET);
}
