#include "lib/base/utf8.h"

#include "lib/base/test.h"

static const struct {
	const char *what, *in;
	int64_t point; /* -1: refused */
} points[] = {
	{ "ASCII", "A", 'A' },
	{ "the first of two octets", "\xc2\x80", 0x80 },
	{ "the last of two octets", "\xdf\xbf", 0x7ff },
	{ "the first of three octets", "\xe0\xa0\x80", 0x800 },
	{ "the last before the surrogates", "\xed\x9f\xbf", 0xd7ff },
	{ "the last of three octets", "\xef\xbf\xbf", 0xffff },
	{ "the first of four octets", "\xf0\x90\x80\x80", 0x10000 },
	{ "the last of all", "\xf4\x8f\xbf\xbf", 0x10ffff },
	{ "one past the last of all", "\xf4\x90\x80\x80", -1 },
	{ "a surrogate", "\xed\xa0\x80", -1 },
	{ "a slash in two octets", "\xc0\xaf", -1 },
	{ "a slash in three octets", "\xe0\x80\xaf", -1 },
	{ "a slash in four octets", "\xf0\x80\x80\xaf", -1 },
	{ "an octet that only continues", "\x80", -1 },
	{ "two of three octets", "\xe2\x82", -1 },
	{ "three of four octets, then ASCII", "\xf0\x9f\x98" "A", -1 },
	{ "a form of five octets", "\xf8\x88\x80\x80\x80", -1 },
	{ "FE", "\xfe", -1 },
	{ "nothing", "", -1 },
};

TEST(take_code_point_takes_valid_ones_only)
{
	EACH_CASE(c, points) {
		struct span in = span_of(c->in), whole = in;
		uint32_t point = 7;
		bool taken = take_code_point(&in, &point);

		CHECK(taken == (c->point >= 0));
		CHECK_NUMBER(point, taken ? c->point : 7);
		CHECK_NUMBER(in.len, taken ? 0 : whole.len);
		CHECK(utf8_is_valid(whole) == (taken || whole.len == 0));
	}
}

TEST(utf8_is_valid_looks_behind_long_runs_of_ascii)
{
	CHECK(utf8_is_valid(SPAN("0123456789\xc3\xa4" "0123456789")));
	CHECK(!utf8_is_valid(SPAN("0123456789abcdef\xff")));
	CHECK(!utf8_is_valid(SPAN("01234\xc3" "789abcdef")));
	CHECK(!utf8_is_valid(SPAN("0123456\xe2")));
	CHECK(utf8_is_valid(SPAN("0123456\0" "89")));
}
