#include "lib/base/number.h"

#include "lib/base/test.h"

static const struct {
	const char *what, *in;
	uint64_t min, max;
	const struct fault *ends;
	uint64_t out;
} parses[] = {
	{ "zero", "0", 0, 9, OK, 0 },
	{ "the largest", "18446744073709551615", 0, UINT64_MAX, OK, UINT64_MAX },
	{ "one more than the largest", "18446744073709551616", 0, UINT64_MAX,
		&fault_number_syntax, 0 },
	{ "leading zeros", "007", 0, 9, OK, 7 },
	{ "more digits than any number has", "000000000000000000001", 0, 9,
		&fault_number_syntax, 0 },
	{ "the least allowed", "5", 5, 9, OK, 5 },
	{ "below the least", "4", 5, 9, &fault_number_syntax, 0 },
	{ "above the largest allowed", "10", 5, 9, &fault_number_syntax, 0 },
	{ "a sign", "+1", 0, 9, &fault_number_syntax, 0 },
	{ "a minus", "-1", 0, 9, &fault_number_syntax, 0 },
	{ "a blank before", " 1", 0, 9, &fault_number_syntax, 0 },
	{ "a letter behind", "1k", 0, 9, &fault_number_syntax, 0 },
	{ "hexadecimal", "0x1", 0, 9, &fault_number_syntax, 0 },
	{ "nothing", "", 0, 9, &fault_number_syntax, 0 },
};

TEST(number_parse_takes_decimal_only)
{
	EACH_CASE(c, parses) {
		uint64_t n = 99;

		CHECK_FAULT(number_parse(span_of(c->in), c->min, c->max, &n),
			c->ends);
		CHECK(n == (c->ends ? 99 : c->out));
	}
}

TEST(number_take_leaves_what_follows)
{
	struct span in = SPAN("250-ok");
	uint64_t n = 99;

	CHECK_FAULT(number_take(&in, 2, 0, 999, &n), &fault_number_syntax);
	CHECK_SPAN(in, "250-ok");
	CHECK_NUMBER(n, 99);
	CHECK_OK(number_take(&in, 3, 0, 999, &n));
	CHECK_SPAN(in, "-ok");
	CHECK_NUMBER(n, 250);
}

TEST(arithmetic_says_when_it_would_wrap)
{
	uint64_t n;

	CHECK(ck_add(UINT64_MAX - 1, 1, &n) && n == UINT64_MAX);
	CHECK(!ck_add(UINT64_MAX, 1, &n));
	CHECK(ck_mul(UINT64_MAX, 1, &n) && n == UINT64_MAX);
	CHECK(!ck_mul(UINT64_C(1) << 32, UINT64_C(1) << 32, &n));
}
