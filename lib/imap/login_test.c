#include "lib/imap/login.h"

#include "lib/imap/session.h"

#include "lib/base/test.h"

static const struct login_setup setup = { IMAP_MOVE, true, true, false };
static struct imap_login login;
static uint8_t answer_storage[65536];

/* Stands for the host: knows "\0u\0p" by PLAIN, and a SCRAM of two rounds. */
static void
answer(struct imap_login *l)
{
	struct span blob = l->ask.blob;

	if (l->ask.mechanism == LOGIN_PLAIN) {
		if (!l->ask.has_blob)
			imap_login_challenge(l, SPAN(""));
		else if (span_equals(blob, SPAN("\0u\0p")))
			imap_login_success(l, SPAN_NONE);
		else if (span_equals(blob, SPAN("\0u\0later")))
			imap_login_failure(l, &fault_ipc_busy);
		else
			imap_login_failure(l, &fault_grant_missing);
	} else if (span_equals(blob, SPAN("first"))) {
		imap_login_challenge(l, SPAN("server-first"));
	} else if (span_equals(blob, SPAN("final"))) {
		imap_login_success(l, SPAN("v=x"));
	} else {
		imap_login_failure(l, &fault_grant_missing);
	}
}

static enum login_turn
talk(struct span in, struct buf *out)
{
	for (;;) {
		enum login_turn turn = imap_login_run(&login, &in);
		struct span text = imap_login_output(&login);

		buf_put(out, text);
		imap_login_sent(&login, text.len);
		if (turn == LOGIN_ASK)
			answer(&login);
		else if (turn != LOGIN_READ || in.len == 0)
			return turn;
	}
}

#define GREETING                                                    \
	"* OK [CAPABILITY IMAP4rev1 LITERAL- SASL-IR ID AUTH=PLAIN" \
	" AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-256-PLUS] ready\r\n"
#define WELCOME " OK [CAPABILITY IMAP4rev1 MOVE] Logged in\r\n"

static const struct {
	const char *what;
	struct span send;
	const char *want; /* behind the greeting */
	enum login_turn ends;
} cases[] = {
	{ "noop", SPAN("a NOOP\r\n"), "a OK NOOP done\r\n", LOGIN_READ },
	{ "capability", SPAN("a CAPABILITY\r\n"),
	  "* CAPABILITY IMAP4rev1 LITERAL- SASL-IR ID AUTH=PLAIN"
	  " AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-256-PLUS\r\n"
	  "a OK CAPABILITY done\r\n", LOGIN_READ },
	{ "id", SPAN("a ID NIL\r\n"), "* ID NIL\r\na OK ID done\r\n",
	  LOGIN_READ },
	{ "logout", SPAN("a LOGOUT\r\n"),
	  "* BYE Until next time\r\na OK LOGOUT done\r\n", LOGIN_CLOSE },
	{ "login", SPAN("a LOGIN u p\r\n"), "a" WELCOME, LOGIN_DONE },
	{ "login quoted", SPAN("a LOGIN \"u\" \"p\"\r\n"), "a" WELCOME,
	  LOGIN_DONE },
	{ "login with literals", SPAN("a LOGIN {1}\r\nu {1+}\r\np\r\n"),
	  "+ Go on\r\na" WELCOME, LOGIN_DONE },
	{ "wrong password", SPAN("a LOGIN u x\r\n"),
	  "a NO [AUTHENTICATIONFAILED] Authentication failed\r\n",
	  LOGIN_READ },
	{ "nobody can say", SPAN("a LOGIN u later\r\n"),
	  "a NO [UNAVAILABLE] Try again later\r\n", LOGIN_READ },
	{ "plain at once", SPAN("a AUTHENTICATE PLAIN AHUAcA==\r\n"),
	  "a" WELCOME, LOGIN_DONE },
	{ "plain in two lines", SPAN("a AUTHENTICATE plain\r\nAHUAcA==\r\n"),
	  "+ \r\na" WELCOME, LOGIN_DONE },
	{ "given up", SPAN("a AUTHENTICATE PLAIN\r\n*\r\n"),
	  "+ \r\na BAD Authentication given up\r\n", LOGIN_READ },
	{ "not base64", SPAN("a AUTHENTICATE PLAIN AHUAcA=\r\n"),
	  "a BAD Cannot decode\r\n", LOGIN_READ },
	{ "empty initial response", SPAN("a AUTHENTICATE PLAIN =\r\n"),
	  "a NO [AUTHENTICATIONFAILED] Authentication failed\r\n",
	  LOGIN_READ },
	{ "scram", SPAN("a AUTHENTICATE SCRAM-SHA-256 Zmlyc3Q=\r\n"
			"ZmluYWw=\r\n\r\n"),
	  "+ c2VydmVyLWZpcnN0\r\n+ dj14\r\na" WELCOME, LOGIN_DONE },
	{ "scram with binding",
	  SPAN("a AUTHENTICATE SCRAM-SHA-256-PLUS Zmlyc3Q=\r\n*\r\n"),
	  "+ c2VydmVyLWZpcnN0\r\na BAD Authentication given up\r\n",
	  LOGIN_READ },
	{ "given up when it is too late",
	  SPAN("a AUTHENTICATE SCRAM-SHA-256 Zmlyc3Q=\r\nZmluYWw=\r\n*\r\n"
	       "b LOGIN u p\r\n"),
	  "+ c2VydmVyLWZpcnN0\r\n+ dj14\r\n* BYE Empty response expected\r\n",
	  LOGIN_CLOSE },
	{ "a last response that is not empty",
	  SPAN("a AUTHENTICATE SCRAM-SHA-256 Zmlyc3Q=\r\nZmluYWw=\r\n"
	       "Zmlyc3Q=\r\nb LOGIN u p\r\n"),
	  "+ c2VydmVyLWZpcnN0\r\n+ dj14\r\n* BYE Empty response expected\r\n",
	  LOGIN_CLOSE },
	{ "a last response that is a command",
	  SPAN("a AUTHENTICATE SCRAM-SHA-256 Zmlyc3Q=\r\nZmluYWw=\r\n"
	       "b LOGIN u p\r\n"),
	  "+ c2VydmVyLWZpcnN0\r\n+ dj14\r\n* BYE Empty response expected\r\n",
	  LOGIN_CLOSE },
	{ "mechanism that we do not have",
	  SPAN("a AUTHENTICATE CRAM-MD5\r\n"),
	  "a NO [CANNOT] Unknown mechanism\r\n", LOGIN_READ },
	{ "not before login", SPAN("a SELECT INBOX\r\n"),
	  "a BAD Unknown command, or not before login\r\n", LOGIN_READ },
	{ "five errors", SPAN("a\r\nb\r\nc\r\nd\r\ne\r\nf NOOP\r\n"),
	  "a BAD Command expected\r\nb BAD Command expected\r\n"
	  "c BAD Command expected\r\nd BAD Command expected\r\n"
	  "e BAD Command expected\r\n* BYE Too many errors\r\n", LOGIN_CLOSE },
	{ "IM-D01 a literal of no number", SPAN("a LOGIN {4294967296}\r\n"),
	  "* BYE Syntax error\r\n", LOGIN_CLOSE },
	{ "IM-D02 a literal that does not wait",
	  SPAN("a LOGIN {1000000+}\r\n"), "* BYE Literal not allowed\r\n",
	  LOGIN_CLOSE },
	{ "IM-D02 one octet too many", SPAN("a LOGIN {4097}\r\n"),
	  "* BYE Literal not allowed\r\n", LOGIN_CLOSE },
	{ "AU-D08 NUL in a literal",
	  SPAN("a LOGIN {3+}\r\na\0b {1+}\r\nx\r\n"),
	  "a BAD User and password expected\r\n", LOGIN_READ },
	{ "AU-D08 8-bit user name", SPAN("a LOGIN {1+}\r\n\344 x\r\n"),
	  "a NO [AUTHENTICATIONFAILED] Authentication failed\r\n",
	  LOGIN_READ },
	{ "IM-D09 NUL in quotes", SPAN("a LOGIN \"x\0\" \"y\"\r\n"),
	  "* BYE CR and LF must come as a pair\r\n", LOGIN_CLOSE },
	{ "IM-D10 quotes that do not close", SPAN("a LOGIN \"abc\\\r\n"),
	  "a BAD User and password expected\r\n", LOGIN_READ },
	{ "EN-D14 line ends in the name",
	  SPAN("a LOGIN {5+}\r\nu\r\nx\t y\r\n"),
	  "a BAD User or password not possible\r\n", LOGIN_READ },
};

TEST(login_answers)
{
	EACH_CASE(c, cases) {
		struct buf out = BUF(answer_storage);

		imap_login_init(&login, &setup);
		CHECK_NUMBER(talk(c->send, &out), c->ends);
		CHECK(span_starts(buf_view(&out), SPAN(GREETING)));
		buf_drop(&out, sizeof GREETING - 1);
		CHECK_SPAN(buf_view(&out), c->want);
	}
}

/* IM-D03, IM-D04, IM-D10: floods end at the ceiling of the command. */
TEST(login_is_bounded)
{
	static const struct {
		const char *what, *start;
		uint8_t fill;
	} floods[] = {
		{ "parentheses", "a ID ", '(' },
		{ "braces", "a LOGIN ", '{' },
		{ "brackets", "a NOOP ", '[' },
		{ "a string without end", "a LOGIN ", '"' },
	};
	static uint8_t flood[100000];

	EACH_CASE(c, floods) {
		struct buf out = BUF(answer_storage);
		struct span start = span_of(c->start);

		memset(flood, c->fill, sizeof flood);
		memcpy(flood, start.at, start.len);
		imap_login_init(&login, &setup);
		CHECK_NUMBER(talk(span_at(flood, sizeof flood), &out),
			LOGIN_CLOSE);
		buf_drop(&out, sizeof GREETING - 1);
		CHECK_SPAN(buf_view(&out), "* BYE Command too long\r\n");
	}
}

/* What follows the login belongs to the session. */
TEST(login_leaves_the_rest)
{
	struct span in = SPAN("a LOGIN u p\r\nb NOOP\r\n");

	imap_login_init(&login, &setup);
	while (imap_login_run(&login, &in) == LOGIN_ASK)
		answer(&login);
	CHECK_SPAN(in, "b NOOP\r\n");
	for (size_t i = 0; i < sizeof login.frame_storage; i++)
		CHECK_NUMBER(login.frame_storage[i], 0);
}

TEST(login_offers_what_the_site_has)
{
	struct login_setup bare = { 0, false, false, false };
	struct login_setup card = { 0, false, false, true };
	struct buf out = BUF(answer_storage);

	imap_login_init(&login, &bare);
	CHECK_NUMBER(talk(SPAN("a AUTHENTICATE SCRAM-SHA-256\r\n"), &out),
		LOGIN_READ);
	CHECK_SPAN(buf_view(&out),
		"* OK [CAPABILITY IMAP4rev1 LITERAL- SASL-IR ID AUTH=PLAIN]"
		" ready\r\na NO [CANNOT] Unknown mechanism\r\n");
	test_row = "a client with a certificate";
	buf_clear(&out);
	imap_login_init(&login, &card);
	CHECK_NUMBER(talk(SPAN("a NOOP\r\n"), &out), LOGIN_READ);
	CHECK(span_find(buf_view(&out), SPAN("AUTH=PLAIN AUTH=EXTERNAL]")) <
		out.len);
}
