/* Every verb in every state of every service: the reply, what the host is
 * asked, and the state when it agreed. */
#include "lib/smtp/server.h"

#include "lib/base/test.h"

enum { MX = 1, CLEAR = 2, SECURED = 4, LOGGED_IN = 8, USERS = 14, ALL = 15 };

static const enum smtp_state states[] = { SMTP_CONNECTED, SMTP_READY,
	SMTP_HAS_SENDER, SMTP_HAS_RCPT, SMTP_HAS_CHUNKS };

/* A cell is the reply's code (000: none before the host answers), a letter for
 * what is asked and one for the state that follows.
 *
 *	asks    F forget  T TLS  M mail  R rcpt  B body  L login  X burn
 *	states  c connected  r ready  s has sender  t has rcpt  k has chunks
 *	        d in data  b in a chunk  a in auth  o over  = the same */
static const char ask_letters[] = {
	[SMTP_ASK_TLS] = 'T', [SMTP_ASK_LOGIN] = 'L', [SMTP_ASK_BURN] = 'X',
	[SMTP_ASK_MAIL] = 'M', [SMTP_ASK_RCPT] = 'R', [SMTP_ASK_BODY] = 'B',
	[SMTP_ASK_FORGET] = 'F',
};
static const char state_letters[] = "crstkdbao";

/* clang-format off */
static const struct {
	const char *what;
	int services;
	const char *cells; /* connected, ready, has sender, rcpt, chunks */
} rows[] = {
	{ "EHLO c.test",            ALL,       "250-r 250-= 250Fr 250Fr 250Fr" },
	{ "HELO c.test",            ALL,       "250-r 250-= 250Fr 250Fr 250Fr" },
	{ "EHLO",                   ALL,       "501-= 501-= 501-= 501-= 501-=" },
	{ "HELO a b",               ALL,       "501-= 501-= 501-= 501-= 501-=" },
	{ "STARTTLS",               MX|CLEAR,  "503-= 220Tc 220Tc 220Tc 220Tc" },
	{ "STARTTLS",               SECURED|LOGGED_IN,
					       "503-= 503-= 503-= 503-= 503-=" },
	{ "STARTTLS x",             MX|CLEAR,  "503-= 501-= 501-= 501-= 501-=" },
	{ "AUTH PLAIN AGEAYg==",    MX,        "502-= 502-= 502-= 502-= 502-=" },
	{ "AUTH PLAIN AGEAYg==",    CLEAR,     "538X= 538X= 503X= 503X= 503X=" },
	{ "AUTH PLAIN AGEAYg==",    SECURED,   "503-= 000L= 503-= 503-= 503-=" },
	{ "AUTH PLAIN",             SECURED,   "503-= 000L= 503-= 503-= 503-=" },
	{ "AUTH PLAIN AGEAYg==",    LOGGED_IN, "503-= 503-= 503-= 503-= 503-=" },
	{ "AUTH LOGIN",             SECURED,   "503-= 504-= 503-= 503-= 503-=" },
	{ "AUTH EXTERNAL =",        SECURED,   "503-= 504-= 503-= 503-= 503-=" },
	{ "AUTH",                   SECURED,   "503-= 501-= 503-= 503-= 503-=" },
	{ "AUTH PLAIN A",           SECURED,   "503-= 501-= 503-= 503-= 503-=" },
	{ "MAIL FROM:<a@att.test>", MX|LOGGED_IN,
					       "503-= 000Ms 503-= 503-= 503-=" },
	{ "MAIL FROM:<a@att.test>", CLEAR|SECURED,
					       "503-= 530-= 503-= 503-= 503-=" },
	{ "MAIL FROM:<>",           MX,        "503-= 000Ms 503-= 503-= 503-=" },
	{ "MAIL FROM:a@att.test",   MX,        "503-= 501-= 503-= 503-= 503-=" },
	{ "MAIL TO:<a@att.test>",   MX,        "503-= 501-= 503-= 503-= 503-=" },
	{ "MAIL FROM:<a@b> X=1",    MX,        "503-= 555-= 503-= 503-= 503-=" },
	{ "MAIL FROM:<a@b> SIZE=100001", MX,   "503-= 552-= 503-= 503-= 503-=" },
	{ "RCPT TO:<v@vic.test>",   ALL,       "503-= 503-= 000Rt 000R= 503-=" },
	{ "RCPT TO:<>",             ALL,       "503-= 503-= 501-= 501-= 503-=" },
	{ "RCPT TO:<@x:v@vic.test>", ALL,      "503-= 503-= 501-= 501-= 503-=" },
	{ "RCPT TO:<v@b> NOTIFY=NEVER", MX,    "503-= 503-= 555-= 555-= 503-=" },
	{ "RCPT TO:<v@b> NOTIFY=NEVER", USERS, "503-= 503-= 000Rt 000R= 503-=" },
	{ "RCPT TO:<v@b> NOTIFY=X", ALL,       "503-= 503-= 501-= 501-= 503-=" },
	{ "DATA",                   ALL,       "503-= 503-= 503-= 000Bd 503-=" },
	{ "DATA x",                 ALL,       "503-= 503-= 503-= 501-= 503-=" },
	{ "RSET",                   ALL,       "250-= 250-= 250Fr 250Fr 250Fr" },
	{ "RSET x",                 ALL,       "501-= 501-= 501-= 501-= 501-=" },
	{ "NOOP",                   ALL,       "250-= 250-= 250-= 250-= 250-=" },
	{ "NOOP x",                 ALL,       "250-= 250-= 250-= 250-= 250-=" },
	{ "QUIT",                   ALL,       "221-o 221-o 221-o 221-o 221-o" },
	{ "VRFY root",              ALL,       "252-= 252-= 252-= 252-= 252-=" },
	{ "EXPN staff",             ALL,       "502-= 502-= 502-= 502-= 502-=" },
	{ "HELP",                   ALL,       "214-= 214-= 214-= 214-= 214-=" },
	{ "BDAT 3 LAST",            ALL,       "000-b 000-b 000-b 000Bb 000-b" },
	{ "BDAT 0",                 ALL,       "503-= 503-= 503-= 000Bb 250-=" },
	{ "BDAT 100001",            ALL,       "000-b 000-b 000-b 000-b 000-b" },
	{ "BDAT 200001",            ALL,       "552-o 552-o 552-o 552-o 552-o" },
	{ "BDAT",                   ALL,       "501-o 501-o 501-o 501-o 501-o" },
	{ "BDAT -1 LAST",           ALL,       "501-o 501-o 501-o 501-o 501-o" },
	{ "BDAT 0x10",              ALL,       "501-o 501-o 501-o 501-o 501-o" },
	{ "BDAT 1e3",               ALL,       "501-o 501-o 501-o 501-o 501-o" },
	{ "BDAT 5 LAST x",          ALL,       "501-o 501-o 501-o 501-o 501-o" },
	{ "BDAT 18446744073709551616", ALL,    "501-o 501-o 501-o 501-o 501-o" },
	{ "XCLIENT ADDR=127.0.0.1", ALL,       "502-= 502-= 502-= 502-= 502-=" },
	{ "PROXY TCP4 127.0.0.1 127.0.0.1 1 25", ALL,
					       "502-= 502-= 502-= 502-= 502-=" },
	{ "MAILX",                  ALL,       "502-= 502-= 502-= 502-= 502-=" },
	{ "",                       ALL,       "502-= 502-= 502-= 502-= 502-=" },
};
/* clang-format on */

static const struct smtp_profile mx = { .host = SPAN("mx.test"),
	.tls_offered = true, .max_message = 100000, .max_rcpts = 100,
	.max_messages = 10 };
static const struct smtp_profile submission = { .host = SPAN("mx.test"),
	.submission = true, .burns = true, .tls_offered = true, .max_message = 100000,
	.max_rcpts = 100, .max_messages = 10 };

/* A session that is in `state` already. */
static void
place(struct smtp_server *s, int service, enum smtp_state state)
{
	smtp_server_init(s, service == MX ? &mx : &submission);
	smtp_sent(s, smtp_output(s).len);
	if (service >= SECURED)
		smtp_secured(s, true);
	s->logged_in = service == LOGGED_IN;
	s->state = state;
	s->txn.rcpts = state >= SMTP_HAS_RCPT;
}

static char
agree(struct smtp_server *s)
{
	char letter = ask_letters[s->ask.verb];

	if (s->ask.verb == SMTP_ASK_TLS)
		smtp_secured(s, false);
	else if (s->ask.verb == SMTP_ASK_LOGIN)
		smtp_login_done(s, OK, SPAN_NONE);
	else
		smtp_answer(s, OK);
	return letter;
}

/* Give the line; describe what it did as a cell. */
static void
describe(struct smtp_server *s, const char *line, char cell[6])
{
	uint8_t text[128];
	struct buf b = BUF(text);
	struct span in;
	enum smtp_state before = s->state;

	CHECK(buf_put_text(&b, line) && buf_put_text(&b, "\r\n"));
	in = buf_view(&b);
	smtp_run(s, &in);
	memcpy(cell, "000-=", 6);
	if (smtp_output(s).len >= 3)
		memcpy(cell, smtp_output(s).at, 3);
	if (s->asking)
		cell[3] = agree(s);
	if (s->state != before)
		cell[4] = state_letters[s->state];
}

TEST(every_verb_in_every_state_of_every_service)
{
	EACH_CASE(c, rows) {
		for (int service = MX; service <= LOGGED_IN; service *= 2) {
			for (int i = 0; i < 5 && c->services & service; i++) {
				static struct smtp_server s;
				char cell[6];

				place(&s, service, states[i]);
				describe(&s, c->what, cell);
				CHECK_SPANS(span_of(cell),
					span_at(c->cells + 6 * i, 5));
			}
		}
	}
}

TEST(tls_from_the_start_offers_no_starttls)
{
	struct smtp_profile p = submission;
	static struct smtp_server s;
	char cell[6];

	p.tls_from_start = true;
	smtp_server_init(&s, &p);
	CHECK_SPAN(smtp_output(&s), "");
	smtp_secured(&s, true);
	CHECK_SPAN(smtp_output(&s), "220 mx.test ESMTP\r\n");
	smtp_sent(&s, smtp_output(&s).len);
	describe(&s, "STARTTLS", cell);
	CHECK_SPAN(span_of(cell), "502-=");
}

TEST(a_host_that_refuses_leaves_the_state)
{
	static const struct {
		const char *what;
		enum smtp_state state;
	} refused[] = {
		{ "MAIL FROM:<a@att.test>", SMTP_READY },
		{ "RCPT TO:<v@vic.test>", SMTP_HAS_SENDER },
		{ "RCPT TO:<v@vic.test>", SMTP_HAS_RCPT },
		{ "DATA", SMTP_HAS_RCPT },
	};

	EACH_CASE(c, refused) {
		static struct smtp_server s;
		uint8_t text[64];
		struct buf b = BUF(text);
		struct span in;

		place(&s, MX, c->state);
		CHECK(buf_put_text(&b, c->what) && buf_put_text(&b, "\r\n"));
		in = buf_view(&b);
		CHECK_NUMBER(smtp_run(&s, &in), SMTP_ASK);
		smtp_answer(&s, &fault_ipc_busy);
		CHECK_SPAN(smtp_output(&s), "451 4.3.2 Service busy\r\n");
		CHECK_NUMBER(s.state, c->state);
	}
}

TEST(a_body_that_the_host_sees_before_354_ends_the_session)
{
	static struct smtp_server s;
	struct span in = SPAN("DATA\r\n");

	place(&s, MX, SMTP_HAS_RCPT);
	CHECK_NUMBER(smtp_run(&s, &in), SMTP_ASK);
	smtp_answer(&s, &fault_data_pipelined);
	CHECK_NUMBER(smtp_run(&s, &in), SMTP_CLOSE);
	CHECK_SPAN(smtp_output(&s),
		"503 5.5.0 Improper use of command pipelining\r\n");
}

TEST(a_session_has_four_kilobytes)
{
	test_row = "10,000 idle ones are 40 MB";
	CHECK(sizeof(struct smtp_server) <= 4096);
}

TEST(the_protocol_is_named_after_RFC_3848)
{
	static struct smtp_server s;

	place(&s, MX, SMTP_CONNECTED);
	CHECK_SPAN(smtp_protocol(&s), "SMTP");
	s.extended = true;
	CHECK_SPAN(smtp_protocol(&s), "ESMTP");
	s.secured = true;
	CHECK_SPAN(smtp_protocol(&s), "ESMTPS");
	s.logged_in = true;
	CHECK_SPAN(smtp_protocol(&s), "ESMTPSA");
	s.txn.utf8 = true;
	CHECK_SPAN(smtp_protocol(&s), "UTF8SMTPSA");
	s.secured = s.logged_in = false;
	CHECK_SPAN(smtp_protocol(&s), "UTF8SMTP");
}
