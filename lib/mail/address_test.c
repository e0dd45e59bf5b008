/* One strict reading of addresses.  REL rows are the relay tests: what is a
 * Mailbox is one of the domain that stands last, whatever is before it. */
#include "lib/mail/address.h"

#include <stdlib.h>

#include "lib/base/test.h"

static const struct {
	const char *what;
	struct span text;
	const char *canonical; /* NULL: refused */
	const struct fault *fault;
} cases[] = {
	{ "an address", SPAN("v@vic.test"), "v@vic.test", OK },
	{ "EN-D07: case of the domain", SPAN("v@VIC.TEST"), "v@vic.test", OK },
	{ "EN-D07: case of the local part", SPAN("V@vic.test"), "v@vic.test",
		OK },
	{ "EN-D07: a final dot", SPAN("v@vic.test."), NULL,
		&fault_address_syntax },
	{ "EN-D15: a quoted quote", SPAN("\"a\\\"b\"@vic.test"),
		"\"a\\\"b\"@vic.test", OK },
	{ "EN-D15: an escape nobody needs", SPAN("\"a\\b\"@vic.test"),
		"ab@vic.test", OK },
	{ "EN-D15: quotes nobody needs", SPAN("\"v\"@vic.test"), "v@vic.test",
		OK },
	{ "a blank in quotes", SPAN("\"a b\"@vic.test"), "\"a b\"@vic.test",
		OK },
	{ "nothing in quotes", SPAN("\"\"@vic.test"), "\"\"@vic.test", OK },
	{ "a tag", SPAN("v+x@vic.test"), "v+x@vic.test", OK },
	{ "EN-D16: ..", SPAN("..@vic.test"), NULL, &fault_address_syntax },
	{ "EN-D16: .", SPAN(".@vic.test"), NULL, &fault_address_syntax },
	{ "EN-D16: ../../x", SPAN("../../x@vic.test"), NULL,
		&fault_address_syntax },
	{ "EN-D16: an option", SPAN("-rf@vic.test"), "-rf@vic.test", OK },
	{ "EN-D16: a slash", SPAN("a/b@vic.test"), "a/b@vic.test", OK },
	{ "EN-D16: a trailing blank", SPAN("a @vic.test"), NULL,
		&fault_address_syntax },
	{ "EN-D06: IPv4", SPAN("v@[127.0.0.1]"), "v@[127.0.0.1]", OK },
	{ "EN-D06: IPv6", SPAN("v@[IPv6:::ffff:127.0.0.1]"),
		"v@[ipv6:::ffff:127.0.0.1]", OK },
	{ "EN-D06: IPv6, tag in another case", SPAN("v@[ipv6:2001:DB8::7]"),
		"v@[ipv6:2001:db8::7]", OK },
	{ "EN-D06: no address", SPAN("v@[999.1.1.1]"), NULL,
		&fault_address_syntax },
	{ "EN-D06: three numbers", SPAN("v@[127.0.1]"), NULL,
		&fault_address_syntax },
	{ "EN-D06: a leading zero", SPAN("v@[127.0.0.01]"), NULL,
		&fault_address_syntax },
	{ "EN-D06: IPv6 without its tag", SPAN("v@[::1]"), NULL,
		&fault_address_syntax },
	{ "EN-D06: IPv4 with it", SPAN("v@[IPv6:127.0.0.1]"), NULL,
		&fault_address_syntax },
	{ "EN-D06: colons", SPAN("v@[IPv6::::::::::::]"), NULL,
		&fault_address_syntax },
	{ "EN-D06: another tag", SPAN("v@[x:y]"), NULL, &fault_address_syntax },
	{ "EN-D06: a name", SPAN("v@[vic.test]"), NULL, &fault_address_syntax },
	{ "EN-D06: a zone", SPAN("v@[IPv6:fe80::1%eth0]"), NULL,
		&fault_address_syntax },
	{ "EN-D06: behind a literal", SPAN("v@[127.0.0.1].test"), NULL,
		&fault_address_syntax },
	{ "EN-D06: a literal that does not end", SPAN("v@[IPv6:::1"), NULL,
		&fault_address_syntax },
	{ "EN-D06: a literal of nothing", SPAN("v@[]"), NULL,
		&fault_address_syntax },
	{ "EN-D11: a Cyrillic letter", SPAN("\xd0\xb4" "a@att.test"), NULL,
		&fault_address_8bit },
	{ "REL-01: the null sender is no Mailbox", SPAN(""), NULL,
		&fault_address_syntax },
	{ "REL-07: no domain", SPAN("t"), NULL, &fault_address_syntax },
	{ "REL-08: percent", SPAN("t%o.test@vic.test"), "t%o.test@vic.test",
		OK },
	{ "REL-09: percent at a literal", SPAN("t%o.test@[203.0.113.5]"),
		"t%o.test@[203.0.113.5]", OK },
	{ "REL-11: percent alone", SPAN("t%o.test"), NULL,
		&fault_address_syntax },
	{ "REL-12: quoted, no domain", SPAN("\"t@o.test\""), NULL,
		&fault_address_syntax },
	{ "REL-13: quoted", SPAN("\"t@o.test\"@vic.test"),
		"\"t@o.test\"@vic.test", OK },
	{ "REL-14: quoted percent", SPAN("\"t%o.test\""), NULL,
		&fault_address_syntax },
	{ "REL-16: two at signs", SPAN("t@o.test@vic.test"), NULL,
		&fault_address_syntax },
	{ "REL-18: at the end too", SPAN("t@o.test@"), NULL,
		&fault_address_syntax },
	{ "REL-19: a source route", SPAN("@vic.test:t@o.test"), NULL,
		&fault_address_syntax },
	{ "REL-21: a longer one", SPAN("@vic.test,@h.test:t@o.test"), NULL,
		&fault_address_syntax },
	{ "REL-23: a bang path alone", SPAN("o.test!t"), NULL,
		&fault_address_syntax },
	{ "REL-24: a bang path", SPAN("o.test!t@vic.test"),
		"o.test!t@vic.test", OK },
	{ "REL-27: a final dot", SPAN("t@o.test."), NULL,
		&fault_address_syntax },
	{ "REL-33: four numbers", SPAN("t@198.51.100.7"), "t@198.51.100.7",
		OK },
	{ "REL-35: blanks", SPAN(" t@o.test "), NULL, &fault_address_syntax },
	{ "REL-37: a list", SPAN("alice@vic.test,t@o.test"), NULL,
		&fault_address_syntax },
	{ "REL-39: an escaped at sign", SPAN("alice@o.test\\@vic.test"), NULL,
		&fault_address_syntax },
	{ "REL-40: NUL", SPAN("t\0@vic.test"), NULL, &fault_address_syntax },
	{ "REL-40: NUL in quotes", SPAN("\"t\0\"@vic.test"), NULL,
		&fault_address_syntax },
	{ "REL-42: a pipe", SPAN("|/bin/true@vic.test"),
		"|/bin/true@vic.test", OK },
	{ "REL-43: a path", SPAN("/tmp/x@vic.test"), "/tmp/x@vic.test", OK },
	{ "REL-44: a quoted pipe", SPAN("\"|/bin/true\"@vic.test"),
		"|/bin/true@vic.test", OK },
	{ "REL-53: an A-label", SPAN("v@XN--nxa.test"), "v@xn--nxa.test", OK },
	{ "an A-label without a U-label", SPAN("v@xn--99999999.test"), NULL,
		&fault_address_syntax },
	{ "nothing behind xn--", SPAN("v@xn--.test"), NULL,
		&fault_address_syntax },
	{ "REL-54: a U-label", SPAN("v@\xcf\x80.test"), NULL,
		&fault_address_8bit },
	{ "REL-55: a full-width at sign", SPAN("t\xef\xbc\xa0o.test"), NULL,
		&fault_address_8bit },
	{ "REL-56: an encoded word is an atom", SPAN("=?u?q?t?=@vic.test"),
		"=?u?q?t?=@vic.test", OK },
	{ "REL-57: a tab", SPAN("t\t@vic.test"), NULL, &fault_address_syntax },
	{ "REL-57: a CR", SPAN("t@vic\r.test"), NULL, &fault_address_syntax },
	{ "a label that begins with a hyphen", SPAN("t@-o.test"), NULL,
		&fault_address_syntax },
	{ "a label that ends with one", SPAN("t@o-.test"), NULL,
		&fault_address_syntax },
	{ "an empty label", SPAN("t@o..test"), NULL, &fault_address_syntax },
	{ "an underscore in a domain", SPAN("t@o_o.test"), NULL,
		&fault_address_syntax },
	{ "an escape at the end", SPAN("\"a\\"), NULL, &fault_address_syntax },
};

TEST(an_address_has_one_reading)
{
	EACH_CASE(c, cases) {
		struct address a;
		uint8_t room[MAILBOX_MAX];
		struct buf b = BUF(room);

		CHECK_FAULT(address_parse(c->text, &a), c->fault);
		if (c->fault)
			continue;
		CHECK_OK(address_canonical(&a, &b));
		CHECK_SPAN(buf_view(&b), c->canonical);
	}
}

static const struct {
	const char *what;
	struct span text;
	const char *canonical; /* NULL: refused */
} internationals[] = {
	{ "ASCII as ever", SPAN("V@vic.test"), "v@vic.test" },
	{ "a Cyrillic local part", SPAN("\xd0\xb4" "A@att.test"),
		"\xd0\xb4" "a@att.test" },
	{ "a quoted one", SPAN("\"\xd0\xb4 a\"@att.test"),
		"\"\xd0\xb4 a\"@att.test" },
	{ "quotes nobody needs", SPAN("\"\xd0\xb4\"@att.test"),
		"\xd0\xb4@att.test" },
	{ "a U-label is its A-label", SPAN("v@b\xc3\xbc" "cher.test"),
		"v@xn--bcher-kva.test" },
	{ "and the other way round", SPAN("v@XN--bcher-kva.test"),
		"v@xn--bcher-kva.test" },
	{ "no UTF-8 in the local part", SPAN("\xd0@att.test"), NULL },
	{ "no UTF-8 in the domain", SPAN("v@b\xfc" "cher.test"), NULL },
	{ "a control beyond ASCII", SPAN("a\xc2\x85" "b@att.test"), NULL },
	{ "an escape before UTF-8", SPAN("\"\\\xd0\xb4\"@att.test"), NULL },
	{ "REL-55: a full-width at sign is a letter of the local part",
		SPAN("t\xef\xbc\xa0o.test"), NULL },
	{ "REL-55: nor is it one in a domain",
		SPAN("v@a\xef\xbc\xa0o.test"), NULL },
	{ "an ideographic dot is no dot", SPAN("v@a\xe3\x80\x82test"), NULL },
	{ "a label that is longer as A-label",
		SPAN("v@\xd0\xb4\xd0\xb5\xd0\xb6\xd0\xb7\xd0\xb8\xd0\xb9"
		     "\xd0\xba\xd0\xbb\xd0\xbc\xd0\xbd\xd0\xbe\xd0\xbf"
		     "\xd1\x80\xd1\x81\xd1\x82\xd1\x83\xd1\x84\xd1\x85"
		     "\xd1\x86\xd1\x87\xd1\x88\xd1\x89\xd1\x8a\xd1\x8b"
		     "aaaaaaaaaaaaaaaaaaaaaaaaaaa.test"),
		NULL },
};

TEST(an_international_address_has_one_reading_too)
{
	EACH_CASE(c, internationals) {
		struct address a, again;
		uint8_t room[MAILBOX_MAX], second[MAILBOX_MAX];
		struct buf b = BUF(room), b2 = BUF(second);

		CHECK_FAULT(address_parse_utf8(c->text, &a),
			c->canonical ? OK : &fault_address_syntax);
		if (!c->canonical)
			continue;
		CHECK_OK(address_canonical(&a, &b));
		CHECK_SPAN(buf_view(&b), c->canonical);
		CHECK_OK(address_parse_utf8(buf_view(&b), &again));
		CHECK_OK(address_canonical(&again, &b2));
		CHECK_SPANS(buf_view(&b), buf_view(&b2));
	}
}

static const struct {
	const char *what;
	size_t local, label, labels;
	bool valid;
} lengths[] = {
	{ "64 octets of local part", 64, 4, 1, true },
	{ "EN-D16: 65 octets", 65, 4, 1, false },
	{ "REL-58: 1,000 octets", 1000, 4, 1, false },
	{ "63 octets of label", 1, 63, 1, true },
	{ "64 octets of label", 1, 64, 1, false },
	{ "254 octets together", 2, 62, 4, true },
	{ "255 octets together", 3, 62, 4, false },
	{ "256 octets of domain", 1, 50, 6, false },
};

TEST(an_address_has_bounds)
{
	EACH_CASE(c, lengths) {
		uint8_t text[2000];
		struct buf b = BUF(text);
		struct address a;

		while (b.len < c->local)
			CHECK(buf_push(&b, 'a'));
		CHECK(buf_push(&b, '@'));
		for (size_t i = 0; i < c->labels; i++) {
			CHECK(i == 0 || buf_push(&b, '.'));
			for (size_t j = 0; j < c->label; j++)
				CHECK(buf_push(&b, 'b'));
		}
		CHECK_FAULT(address_parse(buf_view(&b), &a),
			c->valid ? OK : &fault_address_syntax);
	}
}

TEST(the_domain_stands_behind_the_last_at_sign)
{
	test_row = "with another one in quotes, and without";
	CHECK_SPAN(address_domain(SPAN("\"a@b\"@c.test")), "c.test");
	CHECK_SPAN(address_domain(SPAN("postmaster")), "");
}

TEST(a_canonical_address_that_does_not_fit_leaves_nothing_behind)
{
	uint8_t room[9];
	struct buf b = BUF(room);
	struct address a;

	CHECK_OK(address_parse(SPAN("v@vic.test"), &a));
	CHECK_FAULT(address_canonical(&a, &b), &fault_address_syntax);
	CHECK_NUMBER(b.len, 0);
}

/* --- addresses that others collected -------------------------------------- */

/* The text between two tags, removed from *in; SPAN_NONE at the end. */
static struct span
take_tagged(struct span *in, struct span open, struct span close)
{
	struct span text;

	span_shift_upto(in, span_find(*in, open));
	if (in->len == 0)
		return SPAN_NONE;
	span_shift_upto(in, open.len);
	text = span_shift_upto(in, span_find(*in, close));
	return text;
}

/* XML's entities, and U+2400 + n for the control character n.  False: an
 * entity that is not among them. */
static bool
decode(struct span in, struct buf *out)
{
	static const struct {
		const char *entity;
		uint8_t octet;
	} entities[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' },
		{ "&quot;", '"' }, { "&apos;", '\'' } };

	while (in.len > 0) {
		size_t i = 0;

		while (i < 5 && !span_starts(in, span_of(entities[i].entity)))
			i++;
		if (i < 5) {
			span_shift_upto(&in, strlen(entities[i].entity));
			CHECK(buf_push(out, entities[i].octet));
		} else if (*in.at == '&') {
			return false;
		} else if (span_starts(in, SPAN("\xe2\x90")) && in.len > 2) {
			CHECK(buf_push(out, in.at[2] & 0x3f));
			span_shift_upto(&in, 3);
		} else {
			CHECK(buf_push(out, span_shift(&in)));
		}
	}
	return true;
}

/* Good for SMTP or not: of what only RFC 5322 has, nothing is taken. */
static void
check_collected(struct span text, struct span category)
{
	struct address a;
	const struct fault *f = address_parse(text, &a);
	bool good = span_equals(category, SPAN("ISEMAIL_VALID_CATEGORY")) ||
		span_equals(category, SPAN("ISEMAIL_DNSWARN")) ||
		span_equals(category, SPAN("ISEMAIL_RFC5321"));

	if (good)
		CHECK_OK(f);
	else
		CHECK(f != OK ||
			(a.is_literal && /* docs/leniency.md */
				span_equals(category, SPAN("ISEMAIL_DEPREC"))));
}

TEST(addresses_that_others_collected)
{
	static uint8_t file[65536];
	static char row[512];
	const char *folder = getenv("POSTHOLD_TESTDATA");
	char path[512];
	struct span in, address;
	FILE *f;

	snprintf(path, sizeof path, "%s/address/isemail-handout.xml",
		folder ? folder : "../shared/testdata");
	f = fopen(path, "r");
	if (!f)
		test_skip("no collected addresses; set POSTHOLD_TESTDATA");
	in = span_at(file, fread(file, 1, sizeof file, f));
	fclose(f);
	CHECK(in.len > 0);
	while (address = take_tagged(&in, SPAN("<address>"),
		       SPAN("</address>")),
		span_is_set(address)) {
		struct buf b = { (uint8_t *)row, 0, sizeof row - 1 };
		struct span category = take_tagged(&in, SPAN("<category>"),
			SPAN("</category>"));

		if (!decode(address, &b))
			continue;
		row[b.len] = 0;
		test_row = row;
		check_collected(buf_view(&b), category);
	}
}
