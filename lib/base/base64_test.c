#include "lib/base/base64.h"

#include "lib/base/test.h"

/* RFC 4648 section 10 */
static const struct {
	const char *what, *value, *text;
} vectors[] = {
	{ "nothing", "", "" },
	{ "one octet", "f", "Zg==" },
	{ "two octets", "fo", "Zm8=" },
	{ "a full group", "foo", "Zm9v" },
	{ "a group and one", "foob", "Zm9vYg==" },
	{ "a group and two", "fooba", "Zm9vYmE=" },
	{ "two groups", "foobar", "Zm9vYmFy" },
	{ "both ends of the alphabet", "\xfb\xff\xbf", "+/+/" },
};

TEST(base64_goes_both_ways)
{
	EACH_CASE(c, vectors) {
		uint8_t text[8], value[6];
		struct buf t = BUF(text), v = BUF(value);

		CHECK(put_base64(&t, span_of(c->value)));
		CHECK_SPAN(buf_view(&t), c->text);
		CHECK_NUMBER(BASE64_LEN(strlen(c->value)), strlen(c->text));
		CHECK_OK(base64_decode(span_of(c->text), &v));
		CHECK_SPAN(buf_view(&v), c->value);
	}
}

static const struct {
	const char *what;
	struct span text;
} refused[] = {
	{ "padding left away", SPAN("Zg") },
	{ "half of the padding", SPAN("Zg=") },
	{ "padding of three", SPAN("Z===") },
	{ "nothing but padding", SPAN("====") },
	{ "padding before the end", SPAN("Zg==Zg==") },
	{ "padding inside a group", SPAN("Z=g=") },
	{ "bits left over after one octet", SPAN("Zh==") },
	{ "bits left over after two octets", SPAN("Zm9=") },
	{ "a line break", SPAN("Zm9v\r\nZm9v\r\n") },
	{ "a blank", SPAN("Zm9 ") },
	{ "the alphabet for addresses of the web", SPAN("-_-_") },
	{ "a NUL", SPAN("Zm9\0") },
	{ "an octet above ASCII", SPAN("Zm9\xc0") },
	{ "a single letter", SPAN("Z") },
	{ "more than the buffer takes", SPAN("Zm9vYmFyMQ==") },
};

TEST(base64_refuses_what_is_not_canonical)
{
	EACH_CASE(c, refused) {
		uint8_t value[6];
		struct buf v = BUF(value);

		CHECK_FAULT(base64_decode(c->text, &v), &fault_base64_syntax);
		CHECK_NUMBER(v.len, 0);
	}
}

TEST(put_base64_is_bounded)
{
	uint8_t text[7];
	struct buf t = BUF(text);

	CHECK(!put_base64(&t, SPAN("four")));
	CHECK_NUMBER(t.len, 0);
	CHECK(put_base64(&t, SPAN("one")));
}
