#include "lib/mail/field.h"

#include "lib/base/buf.h"
#include "lib/base/test.h"

static const struct {
	const char *what;
	struct span header;
	const char *name, *value, *rest;
	const struct fault *fault;
	bool over;
} cases[] = {
	{ "a field", SPAN("A: b\r\nC: d\r\n"), "A", " b", "C: d\r\n", OK,
		false },
	{ "a folded field", SPAN("A: b\r\n c\r\n\td\r\nE: f"), "A",
		" b\r\n c\r\n\td", "E: f", OK, false },
	{ "a field of nothing", SPAN("A:\r\n\r\n"), "A", "", "\r\n", OK,
		false },
	{ "a field without an end", SPAN("A: b"), "A", " b", "", OK, false },
	{ "a colon in the value", SPAN("A: b: c\r\n"), "A", " b: c", "", OK,
		false },
	{ "a fold of blanks only", SPAN("A: b\r\n \r\nC:\r\n"), "A",
		" b\r\n ", "C:\r\n", OK, false },
	{ "8-bit octets in the value", SPAN("A: \xff\r\n"), "A", " \xff", "",
		OK, false },
	{ "the end", SPAN("\r\nbody"), NULL, NULL, "body", OK, true },
	{ "nothing left", SPAN(""), NULL, NULL, "", OK, true },
	{ "DM-D02: a blank before the colon", SPAN("From : a@b\r\n"), NULL,
		NULL, NULL, &fault_header_syntax, false },
	{ "FRM-08: a blank before the name", SPAN(" From: a@b\r\n"), NULL,
		NULL, NULL, &fault_header_syntax, false },
	{ "FRM-17: a fold before the colon", SPAN("From\r\n : a@b\r\n"), NULL,
		NULL, NULL, &fault_header_syntax, false },
	{ "no colon", SPAN("From a@b\r\n"), NULL, NULL, NULL,
		&fault_header_syntax, false },
	{ "no name", SPAN(": a\r\n"), NULL, NULL, NULL, &fault_header_syntax,
		false },
	{ "NUL in the name", SPAN("Fr\0om: a\r\n"), NULL, NULL, NULL,
		&fault_header_syntax, false },
	{ "an 8-bit octet in the name", SPAN("Fr\xffom: a\r\n"), NULL, NULL,
		NULL, &fault_header_syntax, false },
	{ "an LF alone", SPAN("A: b\nFrom: c\r\n"), NULL, NULL, NULL,
		&fault_header_syntax, false },
	{ "a CR alone", SPAN("A: b\rFrom: c\r\n"), NULL, NULL, NULL,
		&fault_header_syntax, false },
	{ "an LF alone in a fold", SPAN("A: b\r\n c\nFrom: c\r\n"), NULL, NULL,
		NULL, &fault_header_syntax, false },
};

TEST(field_next_takes_one_field)
{
	EACH_CASE(c, cases) {
		struct span in = c->header;
		struct field f = { SPAN_NONE, SPAN_NONE };
		bool over;

		CHECK_FAULT(field_next(&in, &f, &over), c->fault);
		if (c->fault)
			continue;
		CHECK(over == c->over);
		CHECK_SPAN(in, c->rest);
		CHECK_SPAN(f.name, c->name);
		CHECK_SPAN(f.value, c->value);
	}
}

TEST(a_field_has_bounds)
{
	static uint8_t text[FIELD_MAX + 1];
	struct buf b = BUF(text);
	struct field f;
	struct span in;
	bool over;

	test_row = "64 KiB go, one octet more does not";
	memset(text, 'x', sizeof text);
	CHECK(buf_put_text(&b, "A:"));
	in = span_at(text, FIELD_MAX);
	CHECK_OK(field_next(&in, &f, &over));
	in = span_at(text, FIELD_MAX + 1);
	CHECK_FAULT(field_next(&in, &f, &over), &fault_header_limit);
}

TEST(a_name_has_no_case)
{
	struct field f = { .name = SPAN("fROM") };

	CHECK(field_is(&f, "From"));
	CHECK(!field_is(&f, "Fro"));
}
