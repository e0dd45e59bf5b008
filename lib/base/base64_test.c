#include "lib/base/base64.h"

#include "lib/base/test.h"

static const struct {
	const char *what, *text, *value;
} cases[] = {
	{ "nothing", "", "" },
	{ "one octet", "Zg==", "f" },
	{ "two octets", "Zm8=", "fo" },
	{ "three octets", "Zm9v", "foo" },
	{ "six octets", "Zm9vYmFy", "foobar" },
	{ "all of the alphabet", "+/+/", "\373\377\277" },
};

TEST(base64_goes_both_ways)
{
	uint8_t storage[64];

	EACH_CASE(c, cases) {
		struct buf b = BUF(storage);

		CHECK(put_base64(&b, span_of(c->value)));
		CHECK_SPAN(buf_view(&b), c->text);
		buf_clear(&b);
		CHECK_OK(base64_decode(span_of(c->text), &b));
		CHECK_SPAN(buf_view(&b), c->value);
	}
}

static const struct {
	const char *what, *text;
} bad[] = {
	{ "no padding", "Zg" },
	{ "half the padding", "Zg=" },
	{ "too much padding", "Z===" },
	{ "padding in front", "Zg==Zm9v" },
	{ "bits behind the value", "Zh==" },
	{ "a blank", "Zm 9" },
	{ "a line end", "Zm9v\r\n" },
	{ "the other alphabet", "-_-_" },
};

TEST(base64_has_one_spelling)
{
	uint8_t storage[64];

	EACH_CASE(c, bad) {
		struct buf b = BUF(storage);

		CHECK_FAULT(base64_decode(span_of(c->text), &b),
			&fault_base64_syntax);
		CHECK_NUMBER(b.len, 0);
	}
}

TEST(base64_is_decoded_in_place)
{
	uint8_t storage[] = "Zm9vYmFy";
	struct buf b = BUF(storage);

	CHECK_OK(base64_decode(span_at(storage, 8), &b));
	CHECK_SPAN(buf_view(&b), "foobar");
}

TEST(base64_stays_in_its_room)
{
	uint8_t storage[5];
	struct buf b = { storage, 0, 3 };

	CHECK(!put_base64(&b, SPAN("a")));
	b.cap = 4;
	CHECK(put_base64(&b, SPAN("abc")));
	CHECK(!put_base64(&b, SPAN("a")));
	b = (struct buf){ storage, 0, 2 };
	CHECK_FAULT(base64_decode(SPAN("Zm9v"), &b), &fault_base64_syntax);
	CHECK_OK(base64_decode(SPAN("Zm8="), &b));
}
