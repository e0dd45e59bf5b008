/* NC-2.1.7 for users: every name and every return address of a message is the
 * login's, or at least the site's.  FRM rows: bob is logged in at l.test. */
#include "lib/policy/sender.h"

#include "lib/base/codec.h"
#include "lib/base/test.h"

static bool
represents(const void *site, struct span domain)
{
	return span_equals_nocase(domain, span_of(site));
}

static struct sender_rights
rights_of_bob(struct buf *b)
{
	CHECK(put_block(b, SPAN("bob@l.test")) &&
		put_block(b, SPAN("b.ob@l.test")));
	return (struct sender_rights){ .addresses = buf_view(b),
		.represents = represents,
		.site = "l.test" };
}

/* A host's programs speak for all of its domains and for no other. */
static const struct {
	const char *what;
	struct span from;
	const struct fault *fault;
} programs[] = {
	{ "any name of a represented domain",
		SPAN("From: cron <Cron.d@L.test>\r\n\r\n"), OK },
	{ "a subdomain", SPAN("From: root@app.l.test\r\n\r\n"),
		&fault_sender_not_owned },
	{ "an address literal", SPAN("From: root@[127.0.0.1]\r\n\r\n"),
		&fault_header_syntax },
	{ "a name without a domain", SPAN("From: root\r\n\r\n"),
		&fault_header_syntax },
	{ "FRM-03: two From",
		SPAN("From: a@l.test\r\nFrom: b@l.test\r\n\r\n"),
		&fault_header_from },
};

TEST(programs_speak_for_whole_domains)
{
	const struct sender_rights r = { .whole_domains = true,
		.represents = represents,
		.site = "l.test" };

	EACH_CASE(c, programs) {
		struct span field;

		CHECK_FAULT(sender_check_header(c->from, &r, &field), c->fault);
	}
}

/* A message that came with SMTPUTF8. */
static const struct {
	const char *what;
	struct span from;
	const struct fault *fault, *without;
} internationals[] = {
	{ "a name", SPAN("From: J\xc3\xbcrgen <bob@l.test>\r\n\r\n"), OK,
		&fault_header_syntax },
	{ "another's address", SPAN("From: <\xd0\xb4@l.test>\r\n\r\n"),
		&fault_sender_not_owned, &fault_header_syntax },
	{ "a name that is no UTF-8",
		SPAN("From: J\xfcrgen <bob@l.test>\r\n\r\n"),
		&fault_header_syntax, &fault_header_syntax },
	{ "a Cyrillic letter that looks like one of ours",
		SPAN("From: <b\xd0\xbe" "b@l.test>\r\n\r\n"),
		&fault_sender_not_owned, &fault_header_syntax },
};

TEST(with_SMTPUTF8_the_same_people_speak)
{
	EACH_CASE(c, internationals) {
		uint8_t room[64];
		struct buf b = BUF(room);
		struct sender_rights r = rights_of_bob(&b);
		struct span field;

		CHECK_FAULT(sender_check_header(c->from, &r, &field),
			c->without);
		r.utf8 = true;
		CHECK_FAULT(sender_check_header(c->from, &r, &field), c->fault);
	}
}

#define BOB  "From: Bob <bob@l.test>\r\n"
#define TEXT "\r\nhello\r\n"

static const struct {
	const char *what;
	struct span message;
	const struct fault *fault;
	const char *field; /* at fault */
} cases[] = {
	{ "in his own name", SPAN(BOB TEXT), OK, NULL },
	{ "in any case", SPAN("FROM: BOB@L.Test\r\n" TEXT), OK, NULL },
	{ "in another name of his", SPAN("From: b.ob@l.test\r\n" TEXT), OK,
		NULL },
	{ "quoted", SPAN("From: \"bob\"@l.test\r\n" TEXT), OK, NULL },
	{ "all fields his", SPAN(BOB "Sender: bob@l.test\r\n"
			"Reply-To: <b.ob@l.test>, bob@l.test\r\n"
			"Resent-Reply-To: bob@l.test\r\n"
			"Errors-To: b.ob@l.test\r\n"
			"Return-Path: <>\r\nSubject: x\r\n" TEXT), OK, NULL },
	{ "answers go to a colleague",
		SPAN(BOB "Reply-To: alice@l.test\r\n" TEXT),
		&fault_sender_not_owned, "Reply-To" },
	{ "answers of a resent one go to a colleague",
		SPAN(BOB "Resent-Reply-To: alice@l.test\r\n" TEXT),
		&fault_sender_not_owned, "Resent-Reply-To" },
	{ "Return-Path of a colleague",
		SPAN(BOB "Return-Path: <alice@l.test>\r\n" TEXT),
		&fault_sender_not_owned, "Return-Path" },
	{ "errors go to a colleague",
		SPAN(BOB "Errors-To: alice@l.test\r\n" TEXT),
		&fault_sender_not_owned, "Errors-To" },
	{ "receipts go to a colleague",
		SPAN(BOB "Disposition-Notification-To: alice@l.test\r\n" TEXT),
		&fault_sender_not_owned, "Disposition-Notification-To" },
	{ "answers go nowhere", SPAN(BOB "Reply-To: <>\r\n" TEXT),
		&fault_header_syntax, "Reply-To" },
	{ "a header without a body", SPAN(BOB), OK, NULL },
	{ "a From in the body is text",
		SPAN(BOB "\r\nFrom: alice@l.test\r\n"), OK, NULL },
	{ "a colleague's name", SPAN("From: alice@l.test\r\n" TEXT),
		&fault_sender_not_owned, "From" },
	{ "a stranger's name", SPAN("From: bob@o.test\r\n" TEXT),
		&fault_sender_not_owned, "From" },
	{ "FRM-24: a subdomain", SPAN("From: bob@sub.l.test\r\n" TEXT),
		&fault_sender_not_owned, "From" },
	{ "a longer local part", SPAN("From: bob+x@l.test\r\n" TEXT),
		&fault_sender_not_owned, "From" },
	{ "FRM-03: two From", SPAN(BOB BOB TEXT), &fault_header_from, "From" },
	{ "DM-D01: two From, the second another's",
		SPAN(BOB "From: <admin@leg.test>\r\n" TEXT),
		&fault_header_from, "From" },
	{ "FRM-04: two addresses, both his",
		SPAN("From: bob@l.test, b.ob@l.test\r\n" TEXT),
		&fault_header_from, NULL },
	{ "DM-D05: two addresses",
		SPAN("From: <bob@l.test>, <admin@leg.test>\r\n" TEXT),
		&fault_sender_not_owned, "From" },
	{ "FRM-05: a group", SPAN("From: Staff:bob@l.test;\r\n" TEXT),
		&fault_header_syntax, "From" },
	{ "FRM-06: no From", SPAN("Subject: x\r\n" TEXT), &fault_header_from,
		NULL },
	{ "no header", SPAN(TEXT), &fault_header_from, NULL },
	{ "nothing", SPAN(""), &fault_header_from, NULL },
	{ "DM-D03: Sender instead of From",
		SPAN("Sender: bob@l.test\r\n" TEXT), &fault_header_from,
		NULL },
	{ "DM-D04: Resent-From instead of From",
		SPAN("Resent-From: bob@l.test\r\n" TEXT), &fault_header_from,
		NULL },
	{ "FRM-07: a blank before the colon",
		SPAN(BOB "From : alice@l.test\r\n" TEXT),
		&fault_header_syntax, "From" },
	{ "FRM-08: a blank before From", SPAN(" From: bob@l.test\r\n" TEXT),
		&fault_header_syntax, NULL },
	{ "FRM-09: an encoded word for an address",
		SPAN("From: =?u?q?bob?=@l.test\r\n" TEXT),
		&fault_header_syntax, "From" },
	{ "FRM-11: a route", SPAN("From: <@x:bob@l.test>\r\n" TEXT),
		&fault_header_syntax, "From" },
	{ "FRM-12: another's Sender",
		SPAN(BOB "Sender: alice@l.test\r\n" TEXT),
		&fault_sender_not_owned, "Sender" },
	{ "two Sender", SPAN(BOB "Sender: bob@l.test\r\nsender: bob@l.test\r\n"
			TEXT), &fault_header_syntax, "sender" },
	{ "FRM-13: answers go outside",
		SPAN(BOB "Reply-To: x@o.test\r\n" TEXT),
		&fault_sender_not_owned, "Reply-To" },
	{ "answers go outside, too",
		SPAN(BOB "Reply-To: bob@l.test, x@o.test\r\n" TEXT),
		&fault_sender_not_owned, "Reply-To" },
	{ "answers go to nobody", SPAN(BOB "Reply-To:\r\n" TEXT),
		&fault_header_syntax, "Reply-To" },
	{ "FRM-14: another's Resent-From",
		SPAN(BOB "Resent-From: alice@l.test\r\n" TEXT),
		&fault_sender_not_owned, "Resent-From" },
	{ "another's Resent-Sender",
		SPAN(BOB "Resent-Sender: alice@l.test\r\n" TEXT),
		&fault_sender_not_owned, "Resent-Sender" },
	{ "his Resent-From twice",
		SPAN(BOB "Resent-From: bob@l.test\r\n"
			 "Resent-From: bob@l.test\r\n" TEXT), OK, NULL },
	{ "FRM-20: Return-Path outside",
		SPAN(BOB "Return-Path: <x@o.test>\r\n" TEXT),
		&fault_sender_not_owned, "Return-Path" },
	{ "FRM-21: Errors-To outside",
		SPAN(BOB "Errors-To: x@o.test\r\n" TEXT),
		&fault_sender_not_owned, "Errors-To" },
	{ "FRM-22: receipts go outside",
		SPAN(BOB "Disposition-Notification-To: x@o.test\r\n" TEXT),
		&fault_sender_not_owned, "Disposition-Notification-To" },
	{ "two subjects", SPAN(BOB "Subject: a\r\nSubject: b\r\n" TEXT),
		&fault_header_syntax, "Subject" },
	{ "two message ids",
		SPAN(BOB "Message-ID: <a>\r\nMessage-Id: <b>\r\n" TEXT),
		&fault_header_syntax, "Message-Id" },
	{ "two To", SPAN(BOB "To: a@b\r\nTo: a@b\r\n" TEXT),
		&fault_header_syntax, "To" },
};

TEST(users_speak_in_their_own_name)
{
	uint8_t room[128];
	struct buf b = BUF(room);
	struct sender_rights r = rights_of_bob(&b);

	EACH_CASE(c, cases) {
		struct span field = SPAN_NONE;

		CHECK_FAULT(sender_check_header(c->message, &r, &field),
			c->fault);
		CHECK_SPAN(field, c->field);
	}
}

/* `times` a line, then From and the text. */
static struct span
repeat(struct buf *b, const char *line, unsigned times)
{
	buf_clear(b);
	while (times-- > 0)
		CHECK(buf_put_text(b, line));
	CHECK(buf_put_text(b, BOB TEXT));
	return buf_view(b);
}

static const struct {
	const char *what, *line;
	unsigned times;
	const struct fault *fault;
} floods[] = {
	{ "100 hops", "Received: x\r\n", HOPS_MAX, OK },
	{ "101 hops", "received: x\r\n", HOPS_MAX + 1, &fault_mail_loop },
	{ "1,000 fields", "X: y\r\n", FIELDS_MAX - 1, OK },
	{ "1,001 fields", "X: y\r\n", FIELDS_MAX, &fault_header_limit },
};

TEST(a_header_has_bounds_for_everybody)
{
	static uint8_t storage[65536], room[128];
	struct buf b = BUF(storage), rights = BUF(room);
	struct sender_rights r = rights_of_bob(&rights);

	EACH_CASE(c, floods) {
		struct span message = repeat(&b, c->line, c->times), field;

		CHECK_FAULT(sender_check_header(message, &r, &field),
			c->fault);
		CHECK_FAULT(header_check(message, &field), c->fault);
	}
}

TEST(a_header_is_256_KiB_at_most)
{
	static uint8_t storage[HEAD_NEEDED];
	static char line[1024];
	struct buf b = BUF(storage);
	struct span field;

	test_row = "lines of 1,023 octets";
	memset(line, 'x', sizeof line - 1);
	memcpy(line, "X:", 2);
	memcpy(line + 1021, "\r\n", 2);
	CHECK_OK(header_check(repeat(&b, line, 256), &field));
	CHECK_FAULT(header_check(repeat(&b, line, 257), &field),
		&fault_header_limit);
}

TEST(mail_from_outside_may_bear_any_name)
{
	struct span field;

	test_row = "a stranger's From";
	CHECK_OK(header_check(SPAN("From: x@o.test\r\n" TEXT), &field));
	test_row = "and no header that is none";
	CHECK_FAULT(header_check(SPAN("From : x@o.test\r\n" TEXT), &field),
		&fault_header_syntax);
}
