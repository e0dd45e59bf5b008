/* Dialogues: what a client says in one go, and what it hears. */
#include "lib/base/test.h"
#include "lib/smtp/fake_host.h"

static const struct smtp_profile mx = { .host = SPAN("mx.test"), .burns = true,
	.tls_offered = true, .max_message = 20, .max_rcpts = 3,
	.max_messages = 2 };
static const struct smtp_profile submission = { .host = SPAN("mx.test"),
	.submission = true, .burns = true, .tls_offered = true, .max_message = 20,
	.max_rcpts = 3, .max_messages = 2 };
static const struct smtp_profile wrapped = { .host = SPAN("mx.test"),
	.submission = true, .tls_from_start = true, .max_message = 20,
	.max_rcpts = 3, .max_messages = 2 };

static const struct smtp_profile lmtp = { .host = SPAN("mx.test"),
	.lmtp = true, .max_message = 20, .max_rcpts = 3, .max_messages = 2 };

struct dialogue {
	const char *what;
	const struct smtp_profile *profile;
	struct span says;
	const char *hears; /* codes, one for each reply */
	const char *asked;
	bool goes_on;
};

#define TO_MAIL "EHLO c\r\nMAIL FROM:<a@b>\r\n"
#define TO_RCPT TO_MAIL "RCPT TO:<v@b>\r\n"
/* The client waits here, as RFC 2920 section 3.1 demands: the engine sees
 * nothing behind the line. */
#define WAITS "\f"
#define BODY    TO_RCPT "DATA\r\n" WAITS
#define EHLO    "250 "

#define LHLO "LHLO c\r\nMAIL FROM:<a@b>\r\n"
#define LMTP "250 " /* no STARTTLS */

static const struct dialogue mail[] = {
	{ "LMTP: a reply for each recipient that was accepted", &lmtp,
		SPAN(LHLO "RCPT TO:<v@b>\r\nRCPT TO:<nobody@b>\r\n"
			  "RCPT TO:<w@b>\r\nDATA\r\n" WAITS
			  "hi\r\n.\r\nNOOP\r\n"),
		"220 " LMTP "250 250 550 250 354 250 250 250 ", "MRRRBK",
		true },
	{ "LMTP: a refusal too, and the next message's replies are its own",
		&lmtp,
		SPAN(LHLO "RCPT TO:<v@b>\r\nRCPT TO:<w@b>\r\nDATA\r\n" WAITS
			  "much too much for this\r\n.\r\n"
			  "MAIL FROM:<>\r\nRCPT TO:<v@b>\r\nDATA\r\n" WAITS
			  ".\r\nNOOP\r\n"),
		"220 " LMTP "250 250 250 354 552 552 250 250 354 250 250 ",
		"MRRBFMRBK", true },
	{ "LMTP has no EHLO and no HELO", &lmtp,
		SPAN("EHLO c\r\nHELO c\r\nMAIL FROM:<a@b>\r\n"),
		"220 502 502 503 ", "", true },
	{ "SMTP has no LHLO", &mx, SPAN("LHLO c\r\n"), "220 502 ", "", true },
	{ "one message", &mx, SPAN(BODY "hi\r\n.\r\nQUIT\r\n"),
		"220 " EHLO "250 250 354 250 221 ", "MRBK", false },
	{ "pipelined envelopes keep their order", &mx,
		SPAN(TO_MAIL "RCPT TO:<nobody@b>\r\nRCPT TO:<v@b>\r\n"
			     "RCPT TO:<busy@b>\r\nNOOP\r\n"),
		"220 " EHLO "250 550 250 450 250 ", "MRRR", true },
	{ "two messages", &mx,
		SPAN(BODY "hi\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<v@b>\r\n"
			  "DATA\r\n" WAITS ".\r\n"),
		"220 " EHLO "250 250 354 250 250 250 354 250 ", "MRBKMRBK",
		true },
	{ "one more than a session may bring", &mx,
		SPAN(BODY ".\r\nMAIL FROM:<>\r\nRCPT TO:<v@b>\r\n"
			  "DATA\r\n" WAITS ".\r\nMAIL FROM:<>\r\n"),
		"220 " EHLO "250 250 354 250 250 250 354 250 421 ",
		"MRBKMRBK", false },
	{ "more recipients than a message may have", &mx,
		SPAN(TO_RCPT "RCPT TO:<w@b>\r\nRCPT TO:<x@b>\r\n"
			     "RCPT TO:<y@b>\r\nNOOP\r\n"),
		"220 " EHLO "250 250 250 250 452 250 ", "MRRR", true },
	{ "postmaster without a domain", &mx,
		SPAN(TO_MAIL "RCPT TO:<PostMaster>\r\n"),
		"220 " EHLO "250 250 ", "MR", true },
	{ "no other name without a domain", &mx,
		SPAN(TO_MAIL "RCPT TO:<root>\r\n"), "220 " EHLO "250 501 ",
		"M", true },
	{ "all recipients unknown, then DATA", &mx,
		SPAN(TO_MAIL "RCPT TO:<nobody@b>\r\nDATA\r\n"),
		"220 " EHLO "250 550 503 ", "MR", true },
	{ "octets behind DATA", &mx, SPAN(TO_RCPT "DATA\r\nhi\r\n"),
		"220 " EHLO "250 250 503 ", "MR", false },
	{ "octets behind STARTTLS", &mx,
		SPAN("EHLO c\r\nSTARTTLS\r\nRSET\r\n"), "220 " EHLO "503 ",
		"", false },
	{ "TLS forgets the envelope", &mx,
		SPAN(TO_RCPT "STARTTLS\r\n" WAITS "DATA\r\n"),
		"220 " EHLO "250 250 220 503 ", "MRT", true },
	{ "TLS forgets EHLO", &mx,
		SPAN("EHLO c\r\nSTARTTLS\r\n" WAITS "MAIL FROM:<a@b>\r\n"),
		"220 " EHLO "220 503 ", "T", true },
	{ "five bad commands", &mx, SPAN("A\r\nB\r\nC\r\nD\r\nE\r\nNOOP\r\n"),
		"220 502 502 502 502 421 ", "", false },
	{ "ten unknown recipients", &mx,
		SPAN(TO_MAIL "RCPT TO:<nobody@b>\r\nRCPT TO:<nobody1@b>\r\n"
			     "RCPT TO:<nobody2@b>\r\nRCPT TO:<nobody3@b>\r\n"
			     "RCPT TO:<nobody4@b>\r\nRCPT TO:<nobody5@b>\r\n"
			     "RCPT TO:<nobody6@b>\r\nRCPT TO:<nobody7@b>\r\n"
			     "RCPT TO:<nobody8@b>\r\nRCPT TO:<nobody9@b>\r\n"
			     "RCPT TO:<v@b>\r\n"),
		"220 " EHLO "250 550 550 550 550 550 550 550 550 550 421 ",
		"MRRRRRRRRRR", false },
	{ "ten attempts to relay", &mx,
		SPAN(TO_MAIL "RCPT TO:<away@b>\r\nRCPT TO:<away@b>\r\n"
			     "RCPT TO:<away@b>\r\nRCPT TO:<away@b>\r\n"
			     "RCPT TO:<away@b>\r\nRCPT TO:<away@b>\r\n"
			     "RCPT TO:<away@b>\r\nRCPT TO:<away@b>\r\n"
			     "RCPT TO:<away@b>\r\nRCPT TO:<away@b>\r\n"
			     "RCPT TO:<v@b>\r\n"),
		"220 " EHLO "250 550 550 550 550 550 550 550 550 550 421 ",
		"MRRRRRRRRRR", false },
	{ "five senders that are refused", &mx,
		SPAN("EHLO c\r\nMAIL FROM:<never@b>\r\n"
		     "MAIL FROM:<never@b>\r\nMAIL FROM:<never@b>\r\n"
		     "MAIL FROM:<never@b>\r\nMAIL FROM:<never@b>\r\n"
		     "MAIL FROM:<a@b>\r\n"),
		"220 " EHLO "550 550 550 550 421 ", "MMMMM", false },
	{ "a size too large is known at once", &mx,
		SPAN("EHLO c\r\nMAIL FROM:<a@b> SIZE=21\r\n"
		     "MAIL FROM:<a@b> SIZE=20\r\n"),
		"220 " EHLO "552 250 ", "M", true },
	{ "a message too large is read to its end", &mx,
		SPAN(BODY "0123456789\r\n01234567\r\n.\r\nMAIL FROM:<a@b>\r\n"),
		"220 " EHLO "250 250 354 552 250 ", "MRBFM", true },
	{ "a message without end", &mx,
		SPAN(BODY "0123456789\r\n0123456789\r\n0123456789\r\n0123"),
		"220 " EHLO "250 250 354 552 ", "MRB", false },
	{ "a message just small enough", &mx,
		SPAN(BODY "0123456789\r\n012345\r\n.\r\n"),
		"220 " EHLO "250 250 354 250 ", "MRBK", true },
	{ "a body that cannot be stored", &mx,
		SPAN(BODY "full\r\nmore\r\n.\r\nNOOP\r\n"),
		"220 " EHLO "250 250 354 452 250 ", "MRBF", true },
	{ "a body that is not kept", &mx,
		SPAN(BODY "virus\r\n.\r\nRCPT TO:<v@b>\r\n"),
		"220 " EHLO "250 250 354 554 503 ", "MRBK", true },
	{ "RSET forgets", &mx, SPAN(TO_RCPT "RSET\r\nDATA\r\n"),
		"220 " EHLO "250 250 250 503 ", "MRF", true },
	{ "EHLO forgets", &mx, SPAN(TO_RCPT "EHLO c\r\nDATA\r\n"),
		"220 " EHLO "250 250 " EHLO "503 ", "MRF", true },
};

#define CHUNKS TO_RCPT "BDAT 4\r\nab\r\n"

static const struct dialogue chunks[] = {
	{ "one chunk", &mx, SPAN(TO_RCPT "BDAT 4 LAST\r\nhi\r\nQUIT\r\n"),
		"220 " EHLO "250 250 250 221 ", "MRBK", false },
	{ "all in one flight", &mx,
		SPAN(CHUNKS "BDAT 4\r\n.\r\nxBDAT 2 last\r\n\r\n"
			    "MAIL FROM:<>\r\n"),
		"220 " EHLO "250 250 250 250 250 250 ", "MRBKM", true },
	{ "nothing in the last chunk", &mx,
		SPAN(CHUNKS "BDAT 0 LAST\r\nNOOP\r\n"),
		"220 " EHLO "250 250 250 250 250 ", "MRBK", true },
	{ "a message of nothing", &mx, SPAN(TO_RCPT "BDAT 0 LAST\r\n"),
		"220 " EHLO "250 250 250 ", "MRBK", true },
	{ "SM-D12: exactly so many octets", &mx,
		SPAN(TO_RCPT "BDAT 5\r\na\r\n.\r"
			     "\nMAIL FROM:<ceo@leg.test>\r\n"),
		"220 " EHLO "250 250 250 550 ", "MRB", false },
	{ "a line end across two chunks", &mx,
		SPAN(TO_RCPT "BDAT 2\r\na\rBDAT 2 LAST\r\n\nb"),
		"220 " EHLO "250 250 250 250 ", "MRBK", true },
	{ "a CR at the end", &mx, SPAN(TO_RCPT "BDAT 2 LAST\r\na\rNOOP\r\n"),
		"220 " EHLO "250 250 550 250 ", "MRBF", true },
	{ "SM-D17: an LF alone", &mx,
		SPAN(TO_RCPT "BDAT 4\r\na\nb\nBDAT 1 LAST\r\nxNOOP\r\n"),
		"220 " EHLO "250 250 550 503 250 ", "MRBF", true },
	{ "a NUL", &mx, SPAN(TO_RCPT "BDAT 3 LAST\r\na\0bNOOP\r\n"),
		"220 " EHLO "250 250 550 250 ", "MRBF", true },
	{ "SM-D13: a size that is none", &mx,
		SPAN(TO_RCPT "BDAT -1 LAST\r\nNOOP\r\n"),
		"220 " EHLO "250 250 501 ", "MR", false },
	{ "SM-D14: before MAIL, read and refused", &mx,
		SPAN("EHLO c\r\nBDAT 10\r\n..NOOP\r\nXXRCPT TO:<v@b>\r\n"
		     "DATA\r\n"),
		"220 " EHLO "503 503 503 ", "", true },
	{ "before a recipient, and the sender stays", &mx,
		SPAN(TO_MAIL "BDAT 2 LAST\r\nxxRCPT TO:<v@b>\r\n"),
		"220 " EHLO "250 503 250 ", "MR", true },
	{ "all recipients unknown", &mx,
		SPAN(TO_MAIL "RCPT TO:<nobody@b>\r\nBDAT 2 LAST\r\nxx"),
		"220 " EHLO "250 550 503 ", "MR", true },
	{ "DATA behind a chunk", &mx, SPAN(CHUNKS "DATA\r\nNOOP\r\n"),
		"220 " EHLO "250 250 250 503 250 ", "MRB", true },
	{ "a recipient behind a chunk", &mx, SPAN(CHUNKS "RCPT TO:<w@b>\r\n"),
		"220 " EHLO "250 250 250 503 ", "MRB", true },
	{ "RSET between chunks", &mx,
		SPAN(CHUNKS "RSET\r\nBDAT 1 LAST\r\nx"),
		"220 " EHLO "250 250 250 250 503 ", "MRBF", true },
	{ "too large at once", &mx,
		SPAN(TO_RCPT "BDAT 21 LAST\r\n012345678901234567890NOOP\r\n"),
		"220 " EHLO "250 250 552 250 ", "MRF", true },
	{ "too large together", &mx,
		SPAN(CHUNKS "BDAT 17 LAST\r\n01234567890123456NOOP\r\n"),
		"220 " EHLO "250 250 250 552 250 ", "MRBF", true },
	{ "far too large: nobody waits for it", &mx,
		SPAN(TO_RCPT "BDAT 41 LAST\r\n0"), "220 " EHLO "250 250 552 ",
		"MR", false },
	{ "a body that cannot be stored", &mx,
		SPAN(TO_RCPT "BDAT 6\r\nfull\r\nBDAT 4 LAST\r\nxx\r\n"),
		"220 " EHLO "250 250 452 503 ", "MRBF", true },
	{ "a body that is not kept", &mx,
		SPAN(TO_RCPT "BDAT 7 LAST\r\nvirus\r\nRCPT TO:<v@b>\r\n"),
		"220 " EHLO "250 250 554 503 ", "MRBK", true },
};

static const struct dialogue hostile[] = {
	{ "NUL in a command", &mx, SPAN("NOOP \0\r\n"), "220 501 ", "", true },
	{ "a control character", &mx, SPAN("EHLO a\x01\r\n"), "220 501 ", "",
		true },
	{ "a tab for a blank", &mx, SPAN("EHLO\tc\r\n"), "220 501 ", "",
		true },
	{ "an LF alone", &mx, SPAN("NOOP\nNOOP\r\n"), "220 550 ", "", false },
	{ "a CR alone", &mx, SPAN("NOOP\rNOOP\r\n"), "220 550 ", "", false },
	{ "a smuggled second message", &mx,
		SPAN(BODY "hi\n.\nMAIL FROM:<x@y>\r\n"),
		"220 " EHLO "250 250 354 550 ", "MRB", false },
	{ "CR dot CR", &mx, SPAN(BODY "hi\r.\r\n"),
		"220 " EHLO "250 250 354 550 ", "MRB", false },
	{ "VRFY and EXPN tell nothing", &mx,
		SPAN("VRFY root\r\nVRFY v\r\nEXPN v\r\n"),
		"220 252 252 502 ", "", true },
	{ "HELP says little", &mx, SPAN("HELP\r\nHELP MAIL\r\n"),
		"220 214 214 ", "", true },
	{ "nobody logs in to mx", &mx, SPAN("EHLO c\r\nAUTH PLAIN AA==\r\n"),
		"220 " EHLO "502 ", "X", true },
	{ "nor in the middle of a message", &mx,
		SPAN("EHLO c\r\nMAIL FROM:<a@b>\r\nAUTH PLAIN AA==\r\n"
		     "RCPT TO:<v@b>\r\n"),
		"220 " EHLO "250 502 250 ", "MXR", true },
	{ "8-bit octets in an address", &mx,
		SPAN("EHLO c\r\nMAIL FROM:<\xd0\xb4@b>\r\n"),
		"220 " EHLO "553 ", "", true },
	{ "and with SMTPUTF8", &mx,
		SPAN("EHLO c\r\nMAIL FROM:<\xd0\xb4@b> SMTPUTF8\r\n"
		     "RCPT TO:<v@b\xc3\xbc" "cher>\r\n"),
		"220 " EHLO "250 250 ", "MR", true },
	{ "SMTPUTF8 is for one message", &mx,
		SPAN("EHLO c\r\nMAIL FROM:<> SMTPUTF8\r\nRSET\r\n"
		     "MAIL FROM:<>\r\nRCPT TO:<\xd0\xb4@b>\r\n"),
		"220 " EHLO "250 250 250 553 ", "MFM", true },
	{ "SMTPUTF8 of a sender that was refused is forgotten", &mx,
		SPAN("EHLO c\r\nMAIL FROM:<never@b> SMTPUTF8\r\n"
		     "MAIL FROM:<>\r\nRCPT TO:<\xd0\xb4@b>\r\n"),
		"220 " EHLO "550 250 553 ", "MM", true },
	{ "no reports are offered to strangers", &mx,
		SPAN("EHLO c\r\nMAIL FROM:<> RET=HDRS\r\n"
		     "MAIL FROM:<> ENVID=x\r\nMAIL FROM:<>\r\n"
		     "RCPT TO:<v@b> NOTIFY=SUCCESS\r\n"),
		"220 " EHLO "555 555 250 555 ", "M", true },
};

#define TLS      "EHLO c\r\nSTARTTLS\r\n" WAITS "EHLO c\r\n"
#define HEAR_TLS "220 " EHLO "220 " EHLO
#define LOGIN    "AUTH PLAIN AGEAYg==\r\n"

static const struct dialogue logins[] = {
	{ "a password in clear is burnt, not read", &submission,
		SPAN("EHLO c\r\n" LOGIN), "220 " EHLO "538 ", "X", true },
	{ "a password in clear for the last command", &submission,
		SPAN("A\r\nB\r\nC\r\nEHLO c\r\nD\r\n" LOGIN),
		"220 502 502 502 " EHLO "502 421 ", "X", false },
	{ "no mail in clear", &submission, SPAN("EHLO c\r\nMAIL FROM:<a@b>\r\n"),
		"220 " EHLO "530 ", "", true },
	{ "no mail without a login", &submission, SPAN(TLS "MAIL FROM:<a@b>\r\n"),
		HEAR_TLS "530 ", "T", true },
	{ "PLAIN in one go", &submission, SPAN(TLS LOGIN "MAIL FROM:<a@b>\r\n"),
		HEAR_TLS "235 250 ", "TLM", true },
	{ "PLAIN in two", &submission, SPAN(TLS "AUTH PLAIN\r\nAGEAYg==\r\n"),
		HEAR_TLS "334 235 ", "TLl", true },
	{ "reports to users", &submission,
		SPAN(TLS LOGIN "MAIL FROM:<a@b> RET=HDRS ENVID=x\r\n"
			       "RCPT TO:<v@b> NOTIFY=NEVER ORCPT=rfc822;v@b\r\n"),
		HEAR_TLS "235 250 250 ", "TLMR", true },
	{ "a login twice", &submission, SPAN(TLS LOGIN LOGIN),
		HEAR_TLS "235 503 ", "TL", true },
	{ "a login during a message", &submission,
		SPAN(TLS LOGIN "MAIL FROM:<a@b>\r\n" LOGIN),
		HEAR_TLS "235 250 503 ", "TLM", true },
	{ "a wrong password", &submission,
		SPAN(TLS "AUTH PLAIN AGEAYmFk\r\nMAIL FROM:<a@b>\r\n"),
		HEAR_TLS "535 530 ", "TL", true },
	{ "five wrong passwords", &submission,
		SPAN(TLS "AUTH PLAIN AGEAYmFk\r\nAUTH PLAIN AGEAYmFk\r\n"
			 "AUTH PLAIN AGEAYmFk\r\nAUTH PLAIN AGEAYmFk\r\n"
			 "AUTH PLAIN AGEAYmFk\r\nNOOP\r\n"),
		HEAR_TLS "535 535 535 535 421 ", "TLLLLL", false },
	{ "SCRAM in two steps and a last word", &submission,
		SPAN(TLS "AUTH SCRAM-SHA-256 biws\r\nYz0x\r\n\r\n"
			 "MAIL FROM:<a@b>\r\n"),
		HEAR_TLS "334 334 235 250 ", "TLlM", true },
	{ "SCRAM without its last word", &submission,
		SPAN(TLS "AUTH SCRAM-SHA-256 biws\r\nYz0x\r\n*\r\n"
			 "MAIL FROM:<a@b>\r\n"),
		HEAR_TLS "334 334 501 530 ", "TLlD", true },
	{ "a last word is for one exchange", &submission,
		SPAN(TLS "AUTH SCRAM-SHA-256 biws\r\nYz0x\r\n*\r\n"
			 "AUTH PLAIN\r\n\r\nNOOP\r\n"),
		HEAR_TLS "334 334 501 334 235 250 ", "TLlDLl", true },
	{ "more after the last word", &submission,
		SPAN(TLS "AUTH SCRAM-SHA-256 biws\r\nYz0x\r\nYQ==\r\n"
			 "MAIL FROM:<a@b>\r\n"),
		HEAR_TLS "334 334 501 530 ", "TLlD", true },
	{ "giving up", &submission, SPAN(TLS "AUTH PLAIN\r\n*\r\nNOOP\r\n"),
		HEAR_TLS "334 501 250 ", "TLD", true },
	{ "not base64", &submission, SPAN(TLS "AUTH PLAIN\r\n!\r\nNOOP\r\n"),
		HEAR_TLS "334 501 250 ", "TLD", true },
	{ "no binding, no PLUS", &submission,
		SPAN(TLS "AUTH SCRAM-SHA-256-PLUS biws\r\n"), HEAR_TLS "504 ",
		"T", true },
	{ "TLS from the start", &wrapped,
		SPAN("EHLO c\r\n" LOGIN "STARTTLS\r\n"),
		"220 " EHLO "235 502 ", "L", true },
};

/* The codes of what was said, of the last line of each reply. */
static void
put_codes(struct buf *out, struct span said)
{
	while (said.len > 0) {
		struct span line = span_shift_upto(&said,
			span_find_octet(said, '\n') + 1);

		if (line.len > 3 && line.at[3] == ' ')
			CHECK(buf_put(out, span_shift_upto(&line, 4)));
	}
}

static bool
hold(struct fake_host *h, struct span says)
{
	while (says.len > 0) {
		struct span part = span_shift_upto(&says,
			span_find_octet(says, '\f'));

		if (!fake_give(h, part))
			return false;
		span_take(&says, '\f');
	}
	return true;
}

static void
check_dialogue(const struct dialogue *d)
{
	static struct smtp_server s;
	static uint8_t asked[256], said[8192], message[256];
	uint8_t codes[512];
	struct buf got = BUF(codes);
	struct fake_host h = { .s = &s, .asked = BUF(asked),
		.said = BUF(said), .message = BUF(message) };

	smtp_server_init(&s, d->profile);
	if (d->profile->tls_from_start)
		smtp_secured(&s, false);
	CHECK(hold(&h, d->says) == d->goes_on);
	put_codes(&got, buf_view(&h.said));
	CHECK_SPAN(buf_view(&got), d->hears);
	CHECK_SPAN(buf_view(&h.asked), d->asked);
}

TEST(mail)
{
	EACH_CASE(d, mail)
		check_dialogue(d);
}

TEST(messages_in_chunks)
{
	EACH_CASE(d, chunks)
		check_dialogue(d);
}

TEST(hostile_clients)
{
	EACH_CASE(d, hostile)
		check_dialogue(d);
}

TEST(logins)
{
	EACH_CASE(d, logins)
		check_dialogue(d);
}

TEST(a_line_too_long_ends_the_session)
{
	static struct smtp_server s;
	static uint8_t asked[8], said[4096], line[LINE_READ_MAX + 2];
	struct fake_host h = { .s = &s, .asked = BUF(asked),
		.said = BUF(said) };

	test_row = "2,049 octets are refused, 12,287 end the session";
	memset(line, 'x', sizeof line);
	smtp_server_init(&s, &mx);
	CHECK(fake_give(&h, span_at(line, LINE_TEXT_MAX + 1)));
	CHECK(fake_give(&h, SPAN("\r\n")));
	CHECK(fake_give(&h, span_at(line, LINE_READ_MAX)));
	CHECK(!fake_give(&h, SPAN("x")));
	CHECK_SPAN(buf_view(&h.said), "220 mx.test ESMTP\r\n"
				      "500 5.5.2 Line too long\r\n"
				      "500 5.5.2 Line too long\r\n");
}

TEST(a_sasl_message_too_long_is_refused)
{
	static struct smtp_server s;
	static uint8_t asked[8], said[4096], line[LINE_READ_MAX];
	struct fake_host h = { .s = &s, .asked = BUF(asked),
		.said = BUF(said) };

	test_row = "RFC 4954 section 6: and the session goes on";
	memset(line, 'A', sizeof line);
	smtp_server_init(&s, &wrapped);
	smtp_secured(&s, false);
	CHECK(fake_give(&h, SPAN("EHLO c\r\nAUTH PLAIN\r\n")));
	buf_clear(&h.said);
	CHECK(fake_give(&h, span_at(line, sizeof line)));
	CHECK(fake_give(&h, SPAN("\r\nNOOP\r\n")));
	CHECK_SPAN(buf_view(&h.said),
		"500 5.5.6 Login line is too long\r\n"
		"250 2.0.0 OK\r\n");
	CHECK_SPAN(buf_view(&h.asked), "LD");
}

TEST(a_session_that_leads_nowhere_ends)
{
	static struct smtp_server s;
	static uint8_t asked[8], said[8192];
	struct fake_host h = { .s = &s, .asked = BUF(asked),
		.said = BUF(said) };

	test_row = "EN-D19: a hundred NOOP and RSET go, then it is over";
	smtp_server_init(&s, &mx);
	for (int i = 0; i < SMTP_IDLE_MAX / 2; i++)
		CHECK(fake_give(&h, SPAN("NOOP\r\nRSET\r\n")));
	buf_clear(&h.said);
	CHECK(!fake_give(&h, SPAN("NOOP\r\n")));
	CHECK_SPAN(buf_view(&h.said), "421 4.7.0 Too many errors\r\n");
}

TEST(a_limit_that_falls_during_a_message_holds)
{
	static struct smtp_server s;
	static uint8_t asked[8], said[4096], message[256];
	struct smtp_profile p = mx;
	struct fake_host h = { .s = &s, .asked = BUF(asked),
		.said = BUF(said), .message = BUF(message) };

	test_row = "12 octets are here when 4 become the most";
	smtp_server_init(&s, &p);
	CHECK(fake_give(&h, SPAN(TO_RCPT "BDAT 12\r\n0123456789\r\n")));
	p.max_message = 4;
	buf_clear(&h.said);
	CHECK(fake_give(&h, SPAN("BDAT 2 LAST\r\n\r\n")));
	CHECK_SPAN(buf_view(&h.said), "552 5.3.4 Message too large\r\n");
	p.max_message = 20;
	CHECK(fake_give(&h, SPAN("MAIL FROM:<>\r\nRCPT TO:<v@b>\r\nDATA\r\n")));
	CHECK(fake_give(&h, SPAN("0123456789\r\n")));
	p.max_message = 4;
	CHECK(!fake_give(&h, SPAN("x")));
}

TEST(a_message_too_large_is_not_announced_for_ever)
{
	static struct smtp_server s;
	static uint8_t asked[8], said[8192];
	struct fake_host h = { .s = &s, .asked = BUF(asked),
		.said = BUF(said) };

	test_row = "no bad command, and yet it leads nowhere";
	smtp_server_init(&s, &mx);
	CHECK(fake_give(&h, SPAN("EHLO c\r\n")));
	for (int i = 1; i < SMTP_IDLE_MAX; i++)
		CHECK(fake_give(&h, SPAN("MAIL FROM:<> SIZE=99\r\n")));
	CHECK(!fake_give(&h, SPAN("MAIL FROM:<> SIZE=99\r\n")));
}

TEST(a_client_that_does_not_read_finds_room_for_every_reply)
{
	static const uint8_t blob[SMTP_CHALLENGE_MAX];
	static struct smtp_server s;

	test_row = "the longest challenge behind more and more replies";
	for (int unread = 0; unread < SMTP_IDLE_MAX; unread++) {
		struct span in = SPAN("AUTH SCRAM-SHA-256 biws\r\n");
		enum smtp_turn turn = SMTP_READ;

		smtp_server_init(&s, &wrapped);
		smtp_secured(&s, false);
		s.state = SMTP_READY;
		for (int i = 0; i < unread && turn == SMTP_READ; i++) {
			struct span noop = SPAN("NOOP\r\n");

			turn = smtp_run(&s, &noop);
		}
		turn = smtp_run(&s, &in);
		if (turn == SMTP_ASK)
			smtp_challenge(&s, span_at(blob, sizeof blob));
		else
			CHECK_NUMBER(turn, SMTP_WRITE);
	}
}

static const struct {
	const char *what;
	const struct smtp_profile *profile;
	struct span says;
	bool goes_on;
} secrets[] = {
	{ "a login", &wrapped, SPAN("AUTH PLAIN AGEAc2VjcmV0\r\n"), true },
	{ "a login in two steps", &wrapped,
		SPAN("AUTH PLAIN\r\nAGEAc2VjcmV0\r\n"), true },
	{ "a wrong one", &wrapped, SPAN("AUTH PLAIN AGEAYmFkc2VjcmV0\r\n"),
		true },
	{ "a step, then no more", &wrapped,
		SPAN("AUTH SCRAM-SHA-256 c2VjcmV0\r\n*\r\n"), true },
	{ "not base64", &wrapped, SPAN("AUTH PLAIN\r\nAGEAc2VjcmV0!\r\n"),
		true },
	{ "not base64 at once", &wrapped, SPAN("AUTH PLAIN AGEAc2VjcmV0!\r\n"),
		true },
	{ "a mechanism that is none", &wrapped,
		SPAN("AUTH LOGIN AGEAc2VjcmV0\r\n"), true },
	{ "in clear", &submission, SPAN("AUTH PLAIN AGEAc2VjcmV0\r\n"), true },
	{ "as the fifth bad command", &wrapped,
		SPAN("A\r\nB\r\nC\r\nD\r\nAUTH PLAIN AGEAc2VjcmV0!\r\n"),
		false },
	{ "with a CR alone", &wrapped, SPAN("AUTH PLAIN\r\nAGEAc2VjcmV0\rx"),
		false },
	{ "to a service without logins", &mx,
		SPAN("AUTH PLAIN AGEAc2VjcmV0\r\n"), true },
};

static const struct {
	const char *what;
	struct span says, blob;
} burns[] = {
	{ "PLAIN", SPAN("AUTH PLAIN AGEAYg==\r\n"), SPAN("\0a\0b") },
	{ "PLAIN without a message", SPAN("AUTH PLAIN\r\n"), SPAN("") },
	{ "not base64", SPAN("AUTH PLAIN AGEAYg!\r\n"), SPAN("") },
	{ "LOGIN", SPAN("AUTH LOGIN YQ==\r\n"), SPAN("") },
	{ "SCRAM shows no password", SPAN("AUTH SCRAM-SHA-256 AGEAYg==\r\n"),
		SPAN("") },
	{ "nothing", SPAN("AUTH\r\n"), SPAN("") },
};

/* The host can find out whose it was, and what it was is not said twice. */
/* EXTERNAL is there for who showed a certificate, and forgotten with it. */
TEST(a_certificate_can_be_logged_in_with)
{
	for (int certified = 0; certified < 2; certified++) {
		static struct smtp_server s;
		struct span hello = SPAN("EHLO c\r\n");
		struct span in = SPAN("AUTH EXTERNAL =\r\n");

		smtp_server_init(&s, &wrapped);
		smtp_secured(&s, true);
		if (certified)
			smtp_certified(&s);
		CHECK_NUMBER(smtp_run(&s, &hello), SMTP_READ);
		CHECK((span_find(smtp_output(&s),
			      SPAN("AUTH EXTERNAL SCRAM-SHA-256-PLUS ")) <
			      smtp_output(&s).len) == certified);
		smtp_sent(&s, smtp_output(&s).len);
		CHECK_NUMBER(smtp_run(&s, &in),
			certified ? SMTP_ASK : SMTP_READ);
		if (!certified) {
			CHECK(span_starts(smtp_output(&s), SPAN("504 5.5.4 ")));
			continue;
		}
		CHECK_NUMBER(s.ask.verb, SMTP_ASK_LOGIN);
		CHECK_NUMBER(s.ask.mechanism, SMTP_EXTERNAL);
		CHECK(s.ask.has_blob && s.ask.blob.len == 0);
		smtp_secured(&s, true);
		CHECK(!s.certified);
	}
}

TEST(a_listed_host_needs_no_login)
{
	for (int listed = 0; listed < 2; listed++) {
		static struct smtp_server s;
		static uint8_t asked[8], said[4096];
		struct fake_host h = { .s = &s, .asked = BUF(asked),
			.said = BUF(said) };

		smtp_server_init(&s, &wrapped);
		smtp_secured(&s, false);
		if (listed)
			smtp_listed(&s);
		CHECK(fake_give(&h, SPAN("EHLO c\r\nMAIL FROM:<a@b>\r\n"
					 "RSET\r\nAUTH PLAIN AGEAYg==\r\n")));
		CHECK_SPAN(buf_view(&h.asked), listed ? "MFL" : "L");
		CHECK(s.logged_in);
	}
}

TEST(a_password_in_clear_is_shown_to_the_host)
{
	static const struct smtp_profile *const profiles[] = { &submission,
		&mx };

	for (int i = 0; i < 2; i++)
		EACH_CASE(c, burns) {
			static struct smtp_server s;
			struct span in = c->says;

			smtp_server_init(&s, profiles[i]);
			CHECK_NUMBER(smtp_run(&s, &in), SMTP_ASK);
			CHECK_NUMBER(s.ask.verb, SMTP_ASK_BURN);
			CHECK(span_equals(s.ask.blob, c->blob));
			smtp_answer(&s, OK);
			CHECK_NUMBER(smtp_run(&s, &in), SMTP_READ);
		}
}

TEST(a_password_does_not_stay)
{
	static const char *const traces[] = { "secret", "c2VjcmV0", "AGEA" };

	EACH_CASE(c, secrets) {
		static struct smtp_server s;
		static uint8_t asked[8], said[4096];
		struct fake_host h = { .s = &s, .asked = BUF(asked),
			.said = BUF(said) };

		smtp_server_init(&s, c->profile);
		if (c->profile == &wrapped)
			smtp_secured(&s, false);
		CHECK(fake_give(&h, SPAN("EHLO c\r\n")));
		CHECK(fake_give(&h, c->says) == c->goes_on);
		for (int i = 0; i < 3; i++)
			CHECK_NUMBER(span_find(span_at(&s, sizeof s),
					     span_of(traces[i])),
				sizeof s);
	}
}

TEST(refusals_without_end_are_called_by_their_name)
{
	static struct smtp_server s;
	static uint8_t asked[32], said[4096];
	struct fake_host h = { .s = &s, .asked = BUF(asked),
		.said = BUF(said) };

	test_row = "relay attempts are no unknown recipients";
	smtp_server_init(&s, &mx);
	CHECK(fake_give(&h, SPAN(TO_MAIL)));
	for (int i = 1; i < SMTP_REFUSED_MAX; i++)
		CHECK(fake_give(&h, SPAN("RCPT TO:<away@b>\r\n")));
	buf_clear(&h.said);
	CHECK(!fake_give(&h, SPAN("RCPT TO:<away@b>\r\n")));
	CHECK_SPAN(buf_view(&h.said),
		"421 4.7.0 Too many refused recipients\r\n");
}

#define OFFERS                                             \
	"250-mx.test\r\n250-PIPELINING\r\n250-SIZE 20\r\n" \
	"250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n"
#define DSN    "250-DSN\r\n"
#define LIMITS "250-LIMITS MAILMAX=2 RCPTMAX=3\r\n"
#define LAST   "250 ENHANCEDSTATUSCODES\r\n"

TEST(ehlo_offers_what_there_is)
{
	static struct smtp_server s;
	static uint8_t asked[8], said[4096];
	struct fake_host h = { .s = &s, .asked = BUF(asked),
		.said = BUF(said) };

	smtp_server_init(&s, &submission);
	smtp_sent(&s, smtp_output(&s).len);
	CHECK(fake_give(&h, SPAN("EHLO c\r\n")));
	CHECK_SPAN(buf_view(&h.said),
		OFFERS DSN LIMITS "250-STARTTLS\r\n" LAST);
	buf_clear(&h.said);
	smtp_secured(&s, true);
	CHECK(fake_give(&h, SPAN("EHLO c\r\n")));
	CHECK_SPAN(buf_view(&h.said),
		OFFERS DSN LIMITS "250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 "
				  "PLAIN\r\n" LAST);
	CHECK(fake_give(&h, SPAN("AUTH PLAIN AGEAYg==\r\n")));
	buf_clear(&h.said);
	CHECK(fake_give(&h, SPAN("EHLO c\r\n")));
	CHECK_SPAN(buf_view(&h.said), OFFERS DSN LIMITS LAST);
	smtp_server_init(&s, &mx);
	smtp_secured(&s, false);
	buf_clear(&s.out);
	buf_clear(&h.said);
	CHECK(fake_give(&h, SPAN("EHLO c\r\n")));
	CHECK_SPAN(buf_view(&h.said), OFFERS LIMITS LAST);
}
