/* In whose name a message speaks: everything that two readers could read
 * differently is refused. */
#include "lib/mail/from.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	struct span value;
	const char *specs; /* each in brackets; NULL: refused */
} cases[] = {
	{ "an address", SPAN(" a@b"), "<a@b>" },
	{ "in brackets", SPAN(" <a@b>"), "<a@b>" },
	{ "with a name", SPAN(" Ann Other <a@b>"), "<a@b>" },
	{ "with a quoted name", SPAN(" \"Other, Ann\" <a@b>"), "<a@b>" },
	{ "with a dot in the name", SPAN(" A. Other <a@b>"), "<a@b>" },
	{ "with an encoded name", SPAN(" =?utf-8?q?=C3=84nn?= <a@b>"),
		"<a@b>" },
	{ "with comments", SPAN(" (x) a@b (y(z))"), "<a@b>" },
	{ "folded", SPAN(" Ann\r\n\tOther\r\n <a@b>\r\n "), "<a@b>" },
	{ "two mailboxes", SPAN(" a@b, C <c@d>"), "<a@b><c@d>" },
	{ "a quoted local part", SPAN(" \"a b\"@c"), "<\"a b\"@c>" },
	{ "FRM-10: the name is another address", SPAN(" \"bob@l\" <a@b>"),
		"<a@b>" },
	{ "FRM-19: an escaped comma in a name", SPAN(" \"x\\, y\" <a@b>"),
		"<a@b>" },
	{ "DM-D05: two addresses",
		SPAN(" <first@att.test>, <admin@leg.test>"),
		"<first@att.test><admin@leg.test>" },
	{ "DM-D06: a route",
		SPAN(" <@att.test,@any.test:admin@leg.test>"), NULL },
	{ "DM-D07: two addresses, one bare",
		SPAN(" admin@leg.test,<second@att.test>"),
		"<admin@leg.test><second@att.test>" },
	{ "DM-D08: a group's name is an address",
		SPAN(" admin@leg.test:<a@att.test>;"), NULL },
	{ "DM-D08: a group's end", SPAN(" <admin@leg.test>:x@att.test;"),
		NULL },
	{ "FRM-05: a group", SPAN(" Staff:bob@l;"), NULL },
	{ "DM-D09: NUL", SPAN(" ceo@leg.test\0@att.test"), NULL },
	{ "DM-D10: an encoded word for a local part",
		SPAN(" =?utf-8?b?Y2VvQGxlZy50ZXN0AA==?=@att.test"), NULL },
	{ "DM-D10: and with Q", SPAN(" =?utf-8?Q?ceo=40leg.test=0A?=@att.test"),
		NULL },
	{ "DM-D10: and in brackets",
		SPAN(" x <=?utf-8?Q?ceo=40leg.test=0A?=@att.test>"), NULL },
	{ "DM-D11: nothing", SPAN(""), NULL },
	{ "DM-D11: a blank", SPAN(" "), NULL },
	{ "DM-D11: empty brackets", SPAN(" <>"), NULL },
	{ "DM-D11: no domain", SPAN(" ceo@"), NULL },
	{ "DM-D11: no local part", SPAN(" @leg.test"), NULL },
	{ "DM-D11: no at sign", SPAN(" ceo"), NULL },
	{ "FRM-11: a route in brackets", SPAN(" <@x:bob@l>"), NULL },
	{ "FRM-18: text behind the brackets", SPAN(" <a@b>bob@l"), NULL },
	{ "FRM-16: a raw octet beyond ASCII", SPAN(" \xc3\x84nn <a@b>"),
		NULL },
	{ "brackets behind an address", SPAN(" bob@l<a@b>"), NULL },
	{ "an address for a name", SPAN(" bob@l <a@b>"), NULL },
	{ "brackets twice", SPAN(" <bob@l> <a@b>"), NULL },
	{ "brackets in brackets", SPAN(" <<a@b>>"), NULL },
	{ "brackets that do not close", SPAN(" <a@b"), NULL },
	{ "blanks in brackets", SPAN(" < a@b >"), NULL },
	{ "a comment in an address", SPAN(" a(x)@b"), NULL },
	{ "blanks in an address", SPAN(" a @ b"), NULL },
	{ "a comma at the end", SPAN(" a@b,"), NULL },
	{ "a comma first", SPAN(" ,a@b"), NULL },
	{ "a literal", SPAN(" a@[127.0.0.1]"), NULL },
	{ "a quote that does not close", SPAN(" \"Ann <a@b>"), NULL },
	{ "a comment that does not close", SPAN(" a@b (x"), NULL },
	{ "an escape at the end of a comment", SPAN(" a@b (x\\"), NULL },
	{ "a bracket that closes first", SPAN(" x> <a@b>"), NULL },
};

/* Every addr-spec of a field, in brackets; false when it is refused. */
static bool
read_all(struct span value, bool utf8, struct buf *out)
{
	bool more = true;

	while (more) {
		struct address a;
		struct span spec;

		if (mailbox_next(&value, utf8, &a, &spec, &more))
			return false;
		CHECK(buf_push(out, '<') && buf_put(out, spec) &&
			buf_push(out, '>'));
	}
	CHECK_NUMBER(value.len, 0);
	return true;
}

TEST(mailboxes_have_one_reading)
{
	EACH_CASE(c, cases) {
		uint8_t room[128];
		struct buf b = BUF(room);

		CHECK(read_all(c->value, false, &b) == (c->specs != NULL));
		if (c->specs)
			CHECK_SPAN(buf_view(&b), c->specs);
	}
}

static const struct {
	const char *what;
	struct span value;
	const char *specs; /* with SMTPUTF8; NULL: refused */
} internationals[] = {
	{ "a name", SPAN(" J\xc3\xbcrgen <j@b>"), "<j@b>" },
	{ "a name in quotes", SPAN(" \"J\xc3\xbcrgen\" <j@b>"), "<j@b>" },
	{ "a comment", SPAN(" j@b (J\xc3\xbcrgen)"), "<j@b>" },
	{ "an address", SPAN(" <\xd0\xb4@b\xc3\xbc" "cher.test>"),
		"<\xd0\xb4@b\xc3\xbc" "cher.test>" },
	{ "an address alone", SPAN(" \xd0\xb4@b, a@b"), "<\xd0\xb4@b><a@b>" },
	{ "a full-width at sign", SPAN(" a\xef\xbc\xa0" "b.test"), NULL },
	{ "a bracket that looks like one", SPAN(" \xef\xbc\x9c" "a@b>"), NULL },
};

TEST(with_SMTPUTF8_names_may_be_anybodys)
{
	EACH_CASE(c, internationals) {
		uint8_t room[128];
		struct buf b = BUF(room);

		CHECK(!read_all(c->value, false, &b));
		buf_clear(&b);
		CHECK(read_all(c->value, true, &b) == (c->specs != NULL));
		if (c->specs)
			CHECK_SPAN(buf_view(&b), c->specs);
	}
}

static const struct {
	const char *what;
	unsigned depth;
	bool taken;
} comments[] = {
	{ "16 comments in each other", COMMENTS_MAX, true },
	{ "17", COMMENTS_MAX + 1, false },
	{ "1,000", 1000, false },
};

TEST(DM_D13_comments_have_bounds)
{
	EACH_CASE(c, comments) {
		uint8_t text[2048], room[64];
		struct buf b = BUF(text), out = BUF(room);

		for (unsigned i = 0; i < c->depth; i++)
			CHECK(buf_push(&b, '('));
		for (unsigned i = 0; i < c->depth; i++)
			CHECK(buf_push(&b, ')'));
		CHECK(buf_put_text(&b, "a@b"));
		CHECK(read_all(buf_view(&b), false, &out) == c->taken);
	}
}

TEST(DM_D13_a_long_name_hides_no_address)
{
	static uint8_t text[16384];
	struct buf b = BUF(text);
	uint8_t room[64];
	struct buf out = BUF(room);

	test_row = "10 KiB of name";
	while (b.len < 10240)
		CHECK(buf_put_text(&b, "name "));
	CHECK(buf_put_text(&b, "<x@att.test>"));
	CHECK(read_all(buf_view(&b), false, &out));
	CHECK_SPAN(buf_view(&out), "<x@att.test>");
}
