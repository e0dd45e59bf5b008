#include "lib/mail/dsn.h"

#include "lib/base/test.h"

#define ROOM 2048

static const struct dsn_rcpt rcpts[] = {
	{ SPAN("one@first.example"), SPAN("rfc822;e+3Dmc2@first.example"),
		SPAN("5.1.1"), SPAN("550 no such user") },
	{ SPAN("\xd0\xb4@second.example"), SPAN(""), SPAN("5.4.7"),
		SPAN("451 busy") },
};

static const struct dsn report = {
	.host = SPAN("mx.agency.example"),
	.to = SPAN("alice@agency.example"),
	.id = SPAN("000000000000001a"),
	.envid = SPAN("QQ+2B1"),
	.boundary = SPAN("c0ffee"),
	.header = SPAN("From: <alice@agency.example>\r\nSubject: one\r\n"),
	.now = { 1795508330000000 },
	.arrived = { 0 },
};

static const char whole[] =
	"From: <postmaster@mx.agency.example>\r\n"
	"To: <alice@agency.example>\r\n"
	"Date: Tue, 24 Nov 2026 08:18:50 +0000\r\n"
	"Message-ID: <000000000000001a.c0ffee@mx.agency.example>\r\n"
	"Subject: Mail could not be delivered\r\n"
	"Auto-Submitted: auto-replied\r\n"
	"MIME-Version: 1.0\r\n"
	"Content-Type: multipart/report; report-type=delivery-status;\r\n"
	"\tboundary=\"c0ffee\"\r\n"
	"\r\n"
	"--c0ffee\r\n"
	"Content-Type: text/plain; charset=utf-8\r\n"
	"Content-Transfer-Encoding: 8bit\r\n"
	"\r\n"
	"Your message could not be delivered to:\r\n"
	"\r\n"
	"  one@first.example\r\n"
	"  \xd0\xb4@second.example\r\n"
	"\r\n"
	"The reasons are below, as the other system gave them.  It will not "
	"be\r\n"
	"tried again.\r\n"
	"\r\n"
	"--c0ffee\r\n"
	"Content-Type: message/delivery-status\r\n"
	"\r\n"
	"Original-Envelope-Id: QQ+1\r\n"
	"Reporting-MTA: dns; mx.agency.example\r\n"
	"Arrival-Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n"
	"\r\n"
	"Original-Recipient: rfc822; e=mc2@first.example\r\n"
	"Final-Recipient: rfc822; one@first.example\r\n"
	"Action: failed\r\n"
	"Status: 5.1.1\r\n"
	"Diagnostic-Code: smtp; 550 no such user\r\n"
	"\r\n"
	"Final-Recipient: utf-8; \\x{434}@second.example\r\n"
	"Action: failed\r\n"
	"Status: 5.4.7\r\n"
	"Diagnostic-Code: smtp; 451 busy\r\n"
	"\r\n"
	"--c0ffee\r\n"
	"Content-Type: text/rfc822-headers\r\n"
	"\r\n"
	"From: <alice@agency.example>\r\n"
	"Subject: one\r\n"
	"\r\n"
	"--c0ffee--\r\n";

static bool
put_report(struct buf *b)
{
	return put_dsn_begin(b, &report, rcpts, 2) &&
		put_dsn_rcpt(b, &report, &rcpts[0]) &&
		put_dsn_rcpt(b, &report, &rcpts[1]) &&
		put_dsn_end(b, &report);
}

/* RFC 3464 section 2, RFC 3462, RFC 3834 section 5 */
TEST(a_report_says_what_became_of_each_recipient)
{
	uint8_t room[ROOM];
	struct buf b = BUF(room);

	CHECK(put_report(&b));
	CHECK_SPAN(buf_view(&b), whole);
}

TEST(a_report_that_does_not_fit_says_so)
{
	uint8_t room[ROOM];

	for (size_t cap = 0; cap < sizeof whole - 1; cap++) {
		struct buf b = { room, 0, cap };

		CHECK(!put_report(&b));
	}
}

static bool
holds(struct span s, const char *text)
{
	return span_find(s, span_of(text)) < s.len;
}

/* RFC 3464 sections 2.3.3 and 2.3.9 */
TEST(a_notice_of_delay_says_how_long)
{
	uint8_t room[ROOM];
	struct buf b = BUF(room);
	struct dsn d = report;

	d.action = DSN_DELAYED;
	d.until = (struct instant){ 1795508330000000 };
	CHECK(put_dsn_begin(&b, &d, rcpts, 1) && put_dsn_rcpt(&b, &d, rcpts));
	CHECK(holds(buf_view(&b), "\r\nSubject: Mail is delayed\r\n"));
	CHECK(holds(buf_view(&b), "\r\nAction: delayed\r\n"));
	CHECK(holds(buf_view(&b), "\r\nWill-Retry-Until: Tue, 24 Nov 2026 "
				  "08:18:50 +0000\r\n"));
}

/* RFC 3461 section 5.2.2 */
TEST(a_notice_of_relaying_says_that_it_is_the_last)
{
	uint8_t room[ROOM];
	struct buf b = BUF(room);
	struct dsn d = report;

	d.action = DSN_RELAYED;
	CHECK(put_dsn_begin(&b, &d, rcpts, 1) && put_dsn_rcpt(&b, &d, rcpts));
	CHECK(holds(buf_view(&b), "\r\nSubject: Mail was passed on\r\n"));
	CHECK(holds(buf_view(&b), "\r\nAction: relayed\r\n"));
	CHECK(!holds(buf_view(&b), "Will-Retry"));
}

/* What a sender says of itself makes no line, and keeps no report. */
TEST(what_is_no_xtext_is_left_out)
{
	uint8_t room[ROOM];
	struct buf b = BUF(room);
	struct dsn d = report;
	struct dsn_rcpt r = rcpts[0];

	d.envid = SPAN("a+0D+0AX: b");
	r.orcpt = SPAN("rfc822\r\nX: c;b");
	CHECK(put_dsn_begin(&b, &d, &r, 1) && put_dsn_rcpt(&b, &d, &r));
	CHECK(!holds(buf_view(&b), "Original-"));
	CHECK(!holds(buf_view(&b), "\nX: "));
}

/* --- the header that goes back ------------------------------------------- */

static const struct {
	const char *what;
	struct span message;
	size_t cap;
	const char *header;
} messages[] = {
	{ "a header and a body", SPAN("A: 1\r\nB: 2\r\n\r\nbody\r\n"), 99,
		"A: 1\r\nB: 2\r\n" },
	{ "an empty line in the body", SPAN("A: 1\r\n\r\nbody\r\n\r\nmore"), 99,
		"A: 1\r\n" },
	{ "only a header", SPAN("A: 1\r\n"), 99, "A: 1\r\n" },
	{ "just as long as allowed", SPAN("A: 1\r\n\r\nbody"), 6, "A: 1\r\n" },
	{ "longer: whole lines", SPAN("A: 1\r\nB: 2\r\n\r\nbody"), 11,
		"A: 1\r\n" },
	{ "one line, longer", SPAN("A: 1\r\n\r\nbody"), 5, "" },
	{ "cut off in a line by who read it", SPAN("A: 1\r\nB: 2"), 10,
		"A: 1\r\n" },
	{ "nothing at all", SPAN(""), 99, "" },
};

TEST(only_the_header_of_the_original_goes_back)
{
	EACH_CASE(c, messages)
		CHECK_SPAN(dsn_header_of(c->message, c->cap), c->header);
}
