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
	uint8_t storage[7];
	struct buf b = BUF(storage);

	CHECK(!put_u64(&b, 1));
	CHECK(!put_block(&b, SPAN("abcd")));
	CHECK_NUMBER(b.len, 0);
	CHECK(put_block(&b, SPAN("abc")));
	CHECK_NUMBER(b.len, 7);
}

static const struct {
	const char *what;
	struct span in;
	bool taken;
	const char *out;
	size_t left;
} blocks[] = {
	{ "a block and what follows", SPAN("\3\0\0\0abcd"), true, "abc", 1 },
	{ "an empty block", SPAN("\0\0\0\0"), true, "", 0 },
	{ "the largest allowed", SPAN("\4\0\0\0abcd"), true, "abcd", 0 },
	{ "one octet above the maximum", SPAN("\5\0\0\0abcde"), false, 0, 9 },
	{ "a length cut short", SPAN("\1\0\0"), false, 0, 3 },
	{ "fewer octets than it says", SPAN("\3\0\0\0ab"), false, 0, 6 },
	{ "a length of 4 GiB", SPAN("\xff\xff\xff\xff" "a"), false, 0, 5 },
	{ "nothing", SPAN(""), false, 0, 0 },
};

TEST(take_block_believes_no_length)
{
	EACH_CASE(c, blocks) {
		struct span in = c->in, out = SPAN_NONE;

		CHECK(take_block(&in, 4, &out) == c->taken);
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
