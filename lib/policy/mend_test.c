#include "lib/policy/mend.h"

#include "lib/base/test.h"

static bool
represents(const void *site, struct span domain)
{
	return span_equals_nocase(domain, span_of(site));
}

static const struct mend rewrite = {
	.rights = { .whole_domains = true, .represents = represents,
		.site = "l.test" },
	.sender = SPAN("app@l.test"),
	.date = SPAN("NOW"),
	.id = SPAN("1@h"),
};

#define DATE "Date: then\r\n"
#define ID   "Message-ID: <0@p>\r\n"
#define REST DATE ID
#define OURS "From: app@l.test\r\n"

static const struct {
	const char *what;
	struct span in;
	const char *out;
	const char *aside; /* NULL: nothing */
} cases[] = {
	{ "what is good stays as it is",
		SPAN("Subject: x\r\nFrom: <cron@L.test>\r\n" REST),
		"Subject: x\r\nFrom: <cron@L.test>\r\n" REST, NULL },
	{ "what is missing is added", SPAN("Subject: x\r\n"),
		"Subject: x\r\n" OURS "Date: NOW\r\nMessage-ID: <1@h>\r\n",
		NULL },
	{ "nothing at all", SPAN(""),
		OURS "Date: NOW\r\nMessage-ID: <1@h>\r\n", NULL },
	{ "the last line has no end", SPAN(OURS "Subject: x"),
		OURS "Subject: x\r\nDate: NOW\r\nMessage-ID: <1@h>\r\n", NULL },
	{ "the body is left alone",
		SPAN(OURS REST "\r\nFrom: ceo@o.test\r\n"), OURS REST, NULL },
	{ "NUL-06: another domain", SPAN("From: CEO <ceo@o.test>\r\n" REST),
		"X-Original-From: CEO <ceo@o.test>\r\n" REST OURS, "From" },
	{ "a name of this host only",
		SPAN("From: root (Cron Daemon)\r\n" REST),
		"X-Original-From: root (Cron Daemon)\r\n" REST OURS, "From" },
	{ "a subdomain", SPAN("From: root@app1.l.test\r\n" REST),
		"X-Original-From: root@app1.l.test\r\n" REST OURS, "From" },
	{ "an encoded word as an address",
		SPAN("From: =?utf-8?q?ceo=40l.test?=@o.test\r\n" REST),
		"X-Original-From: =?utf-8?q?ceo=40l.test?=@o.test\r\n" REST OURS,
		"From" },
	{ "FRM-03: the second From",
		SPAN("From: a@l.test\r\nFrom: ceo@o.test\r\n" REST),
		"From: a@l.test\r\nX-Original-From: ceo@o.test\r\n" REST,
		"From" },
	{ "FRM-03: two good ones",
		SPAN("From: a@l.test\r\nFrom: b@l.test\r\n" REST),
		"From: a@l.test\r\nX-Original-From: b@l.test\r\n" REST,
		"From" },
	{ "two addresses in one", SPAN("From: a@l.test, b@l.test\r\n" REST),
		"X-Original-From: a@l.test, b@l.test\r\n" REST OURS, "From" },
	{ "a fold hides the address",
		SPAN("From: x\r\n <ceo@o.test>\r\n" REST),
		"X-Original-From: x\r\n <ceo@o.test>\r\n" REST OURS, "From" },
	{ "Sender and Reply-To of another domain",
		SPAN(OURS "Sender: a@o.test\r\nReply-To: b@o.test\r\n" REST),
		OURS "X-Original-Sender: a@o.test\r\n"
		"X-Original-Reply-To: b@o.test\r\n" REST, "Sender" },
	{ "the null return path", SPAN(OURS "Return-Path: <>\r\n" REST),
		OURS "Return-Path: <>\r\n" REST, NULL },
};

TEST(mend_header_sets_aside_what_may_not_stand)
{
	EACH_CASE(c, cases) {
		uint8_t room[1024];
		struct buf out = BUF(room);
		struct span field;

		CHECK_OK(mend_header(c->in, &rewrite, &out, &field));
		CHECK_SPAN(buf_view(&out), c->out);
		CHECK_NUMBER(span_is_set(field), c->aside != NULL);
		if (c->aside)
			CHECK_SPAN(field, c->aside);
	}
}

static const struct {
	const char *what;
	bool refuse;
	struct span in;
	const struct fault *fault;
} refusals[] = {
	{ "NUL-06: another domain", true, SPAN("From: ceo@o.test\r\n"),
		&fault_sender_not_owned },
	{ "a Reply-To of another domain", true,
		SPAN(OURS "Reply-To: ceo@o.test\r\n"),
		&fault_sender_not_owned },
	{ "two From", true, SPAN(OURS OURS), &fault_header_from },
	{ "a good one is not refused", true, SPAN("From: any@l.test\r\n"),
		OK },
	{ "a missing one is added", true, SPAN("Subject: x\r\n"), OK },
	{ "no header", false, SPAN("hello\r\n"), &fault_header_syntax },
	{ "a blank before the colon", false, SPAN("From : ceo@o.test\r\n"),
		&fault_header_syntax },
	{ "a bare LF hides a From", false,
		SPAN("Subject: x\nFrom: ceo@o.test\r\n"),
		&fault_header_syntax },
	{ "a subject twice", false, SPAN("Subject: x\r\nSubject: y\r\n"),
		&fault_header_syntax },
};

TEST(mend_header_refuses_what_it_cannot_mend)
{
	EACH_CASE(c, refusals) {
		struct mend m = rewrite;
		uint8_t room[1024];
		struct buf out = BUF(room);
		struct span field;

		m.refuse = c->refuse;
		CHECK_FAULT(mend_header(c->in, &m, &out, &field), c->fault);
	}
}

/* Negative control: without the domains every From is set aside. */
TEST(mend_header_asks_who_is_represented)
{
	struct mend m = rewrite;
	uint8_t room[1024];
	struct buf out = BUF(room);
	struct span field;

	m.rights.site = "o.test";
	CHECK_FAULT(mend_header(SPAN("From: ceo@l.test\r\n"), &m, &out,
			    &field),
		&fault_sender_not_owned); /* not even the sender is good */
	m.sender = SPAN("app@o.test");
	buf_clear(&out);
	CHECK_OK(mend_header(SPAN("From: ceo@l.test\r\n" REST), &m, &out,
		&field));
	CHECK_SPAN(buf_view(&out),
		"X-Original-From: ceo@l.test\r\n" REST "From: app@o.test\r\n");
}
