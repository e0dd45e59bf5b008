#include "lib/base/codec.h"

#include "lib/base/test.h"

TEST(numbers_are_little_endian)
{
	uint8_t storage[15];
	struct buf b = BUF(storage);

	CHECK(put_u8(&b, 0x01));
	CHECK(put_u16(&b, 0x0302));
	CHECK(put_u32(&b, 0x07060504));
	CHECK(put_u64(&b, 0x0f0e0d0c0b0a0908));
	CHECK_SPAN(buf_view(&b), "\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f");
	CHECK(!put_u8(&b, 0));
}

TEST(a_put_that_does_not_fit_changes_nothing)
{
	static const uint8_t large[BLOCK_MAX + 1];
	static uint8_t storage[BLOCK_MAX + 8];
	struct buf b = { storage, 0, 5 }, wide = BUF(storage);

	CHECK(!put_u64(&b, 1));
	CHECK(!put_block(&b, SPAN("abcd")));
	CHECK_NUMBER(b.len, 0);
	CHECK(put_block(&b, SPAN("abc")));
	CHECK_SPANS(buf_view(&b), SPAN("\3\0abc"));
	CHECK(!put_block(&wide, span_at(large, BLOCK_MAX + 1)));
	CHECK_NUMBER(wide.len, 0);
	CHECK(put_block(&wide, span_at(large, BLOCK_MAX)));
}

static const struct {
	const char *what;
	struct span in;
	const char *out; /* NULL: refused */
	size_t left;
} blocks[] = {
	{ "a block and what follows", SPAN("\3\0abcd"), "abc", 1 },
	{ "an empty block", SPAN("\0\0"), "", 0 },
	{ "a length cut short", SPAN("\1"), NULL, 1 },
	{ "fewer octets than it says", SPAN("\3\0ab"), NULL, 4 },
	{ "the largest length, without octets", SPAN("\xff\xff" "a"), NULL, 3 },
	{ "nothing", SPAN(""), NULL, 0 },
};

TEST(take_block_believes_no_length)
{
	EACH_CASE(c, blocks) {
		struct span in = c->in, out = SPAN_NONE;

		CHECK(take_block(&in, &out) == (c->out != NULL));
		CHECK_SPAN(out, c->out);
		CHECK_NUMBER(in.len, c->left);
	}
}

TEST(take_refuses_a_short_number_and_changes_nothing)
{
	struct span in = SPAN("abc");
	uint32_t n = 7;
	uint64_t m = 7;

	CHECK(!take_u32(&in, &n));
	CHECK(!take_u64(&in, &m));
	CHECK_NUMBER(n, 7);
	CHECK_NUMBER(m, 7);
	CHECK_SPAN(in, "abc");
}
