#include "lib/base/buf.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	uint64_t n;
	unsigned width;
	const char *out; /* NULL: does not fit */
} numbers[] = {
	{ "zero has a digit", 0, 1, "0" },
	{ "no leading zeros", 907, 1, "907" },
	{ "padded", 7, 4, "0007" },
	{ "wider than its padding", 12345, 2, "12345" },
	{ "the largest", UINT64_MAX, 1, "18446744073709551615" },
	{ "padded to the widest", 1, 20, "00000000000000000001" },
};

TEST(buf_put_digits_pads_with_zeros)
{
	EACH_CASE(c, numbers) {
		uint8_t storage[20], small[19];
		struct buf b = BUF(storage), s = BUF(small);

		CHECK(buf_put_digits(&b, c->n, c->width));
		CHECK_SPAN(buf_view(&b), c->out);
		s.cap = b.len - 1;
		CHECK(!buf_put_digits(&s, c->n, c->width));
		CHECK_NUMBER(s.len, 0);
	}
}

TEST(a_put_appends_whole_or_changes_nothing)
{
	uint8_t storage[4];
	struct buf b = BUF(storage);

	CHECK(buf_put(&b, SPAN("ab")));
	CHECK(!buf_put(&b, SPAN("cde")));
	CHECK(!buf_put_hex(&b, SPAN("xy")));
	CHECK_SPAN(buf_view(&b), "ab");
	CHECK(buf_put(&b, SPAN_NONE));
	CHECK(buf_put_hex(&b, SPAN("\xaf")));
	CHECK_SPAN(buf_view(&b), "abaf");
	CHECK(!buf_push(&b, 'x'));
	CHECK(buf_put_text(&b, ""));
	CHECK_NUMBER(buf_room(&b), 0);
}

TEST(buf_drop_moves_the_rest_down)
{
	uint8_t storage[4];
	struct buf b = BUF(storage);

	CHECK(buf_put(&b, SPAN("abcd")));
	buf_drop(&b, 0);
	CHECK_SPAN(buf_view(&b), "abcd");
	buf_drop(&b, 3);
	CHECK_SPAN(buf_view(&b), "d");
	buf_drop(&b, 1);
	CHECK_SPAN(buf_view(&b), "");
	CHECK_NUMBER(buf_room(&b), 4);
}

TEST(buf_put_unhex_takes_whole_octets)
{
	uint8_t storage[4];
	struct buf b = BUF(storage);

	CHECK(buf_put_unhex(&b, SPAN("41aF")));
	CHECK_SPAN(buf_view(&b), "A\xaf");
	CHECK(!buf_put_unhex(&b, SPAN("")));
	CHECK(!buf_put_unhex(&b, SPAN("4")));
	CHECK(!buf_put_unhex(&b, SPAN("4g")));
	CHECK(!buf_put_unhex(&b, SPAN("414141")));
	CHECK_SPAN(buf_view(&b), "A\xaf");
}
