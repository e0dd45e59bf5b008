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
