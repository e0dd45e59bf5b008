#include "lib/base/span.h"

#include "lib/base/test.h"

static const bool digits[256] = { ['0' ... '9'] = true };

TEST(span_equals_sees_every_octet)
{
	CHECK(span_equals(SPAN("ab"), SPAN("ab")));
	CHECK(!span_equals(SPAN("ab"), SPAN("aB")));
	CHECK(!span_equals(SPAN("ab"), SPAN("abc")));
	CHECK(span_equals(SPAN("a\0b"), SPAN("a\0b")));
	CHECK(!span_equals(SPAN("a\0b"), SPAN("a\0c")));
	CHECK(span_equals_nocase(SPAN("aB@["), SPAN("Ab@[")));
	CHECK(!span_equals_nocase(SPAN("@"), SPAN("`")));
}

static const struct {
	const char *what, *in, *needle;
	size_t at;
} finds[] = {
	{ "at the start", "Abc", "ab", 0 },
	{ "at the end", "xxAB", "ab", 2 },
	{ "absent", "aab", "ba", 3 },
	{ "longer than the text", "ab", "abc", 2 },
	{ "empty needle", "ab", "", 0 },
	{ "empty text", "", "a", 0 },
	{ "behind what looks like it", "aaaaaaAb", "AAB", 5 },
	{ "over itself", "abaababaab", "ABAAB", 0 },
	{ "a period that breaks", "abababac", "ababac", 2 },
};

TEST(span_find_nocase_says_where)
{
	EACH_CASE(c, finds)
		CHECK_NUMBER(span_find_nocase(span_of(c->in),
				     span_of(c->needle)), c->at);
}

TEST(span_take_shortens_from_the_left)
{
	struct span s = SPAN("12ab");

	CHECK_NUMBER(span_skip(&s, digits), 2);
	CHECK_SPAN(s, "ab");
	CHECK(!span_take(&s, 'b'));
	CHECK(span_take(&s, 'a'));
	CHECK(span_take_nocase(&s, SPAN("B")));
	CHECK(!span_take(&s, 0));
	CHECK_SPAN(span_trim(SPAN(" \ta b\t ")), "a b");
	CHECK_SPAN(span_trim(SPAN(" \t ")), "");
}

static const struct {
	const char *what;
	struct span a, b;
	int order;
} orders[] = {
	{ "equal", SPAN("ab"), SPAN("ab"), 0 },
	{ "by the first difference", SPAN("ab"), SPAN("b"), -1 },
	{ "shorter first", SPAN("a"), SPAN("ab"), -1 },
	{ "octets are not negative", SPAN("\x7f"), SPAN("\x80"), -1 },
	{ "a NUL counts", SPAN("a"), SPAN("a\0"), -1 },
	{ "nothing is first", { NULL, 0 }, SPAN("a"), -1 },
	{ "none and empty are equal", { NULL, 0 }, SPAN(""), 0 },
};

TEST(span_compare_orders_octets)
{
	EACH_CASE(c, orders) {
		int ahead = span_compare(c->a, c->b);
		int back = span_compare(c->b, c->a);

		CHECK_NUMBER((ahead > 0) - (ahead < 0), c->order);
		CHECK_NUMBER((back > 0) - (back < 0), -c->order);
	}
}

TEST(span_find_sees_every_octet)
{
	CHECK_NUMBER(span_find(SPAN("xAbAB"), SPAN("AB")), 3);
	CHECK_NUMBER(span_find(SPAN("aab"), SPAN("ba")), 3);
	CHECK_NUMBER(span_find(SPAN("ab"), SPAN("")), 0);
	CHECK_NUMBER(span_find(SPAN_NONE, SPAN("a")), 0);
	CHECK_NUMBER(span_find_octet(SPAN("a\0b"), 0), 1);
	CHECK_NUMBER(span_find_octet(SPAN("ab"), 'z'), 2);
	CHECK_NUMBER(span_find_octet(SPAN_NONE, 0), 0);
}

TEST(span_starts_needs_the_whole_head)
{
	CHECK(span_starts(SPAN("abc"), SPAN("ab")));
	CHECK(span_starts(SPAN("abc"), SPAN("")));
	CHECK(!span_starts(SPAN("a"), SPAN("ab")));
	CHECK(!span_starts(SPAN("abc"), SPAN("aB")));
	CHECK(span_starts_nocase(SPAN("abc"), SPAN("aB")));
	CHECK(!span_starts_nocase(SPAN("a"), SPAN("aB")));
}

TEST(span_shift_upto_stops_at_the_end)
{
	struct span s = SPAN("abc"), whole = s;

	CHECK_SPAN(span_shift_upto(&s, 2), "ab");
	CHECK_SPAN(span_before(whole, s), "ab");
	CHECK_SPAN(span_shift_upto(&s, SIZE_MAX), "c");
	CHECK_SPAN(span_shift_upto(&s, 1), "");
	CHECK_SPANS(span_before(whole, s), whole);
}

TEST(an_empty_span_is_a_value)
{
	CHECK(span_is_set(SPAN("")));
	CHECK(!span_is_set(SPAN_NONE));
	CHECK(span_is_set(span_at(NULL, 0)));
}

TEST(ascii_is_below_128)
{
	test_row = "127, then 128";
	CHECK(span_is_ascii(SPAN("")));
	CHECK(span_is_ascii(SPAN("a\0\x7f")));
	CHECK(!span_is_ascii(SPAN("ab\x80")));
}

TEST(controls_are_below_32_and_127)
{
	test_row = "31 and 32, 126 to 128";
	CHECK(!span_has_control(SPAN("")));
	CHECK(!span_has_control(SPAN(" a~\x80\xff")));
	CHECK(span_has_control(SPAN("a\x1f")));
	CHECK(span_has_control(SPAN("a\r\nb")));
	CHECK(span_has_control(SPAN("\x7f")));
	CHECK(span_has_control(SPAN("a\0")));
}
