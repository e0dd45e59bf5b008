#include "lib/base/escape.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	struct span in;
	const char *json, *printable;
} cases[] = {
	{ "plain text", SPAN("a b"), "\"a b\"", "a b" },
	{ "nothing", SPAN(""), "\"\"", "" },
	{ "a quote and a backslash", SPAN("\"\\"), "\"\\\"\\\\\"", "\"\\" },
	{ "a forged line", SPAN("a\r\nb"), "\"a\\u000d\\u000ab\"",
		"a\\x0d\\x0ab" },
	{ "NUL and DEL", SPAN("\0\x7f"), "\"\\u0000\\u007f\"", "\\x00\\x7f" },
	{ "a terminal's escape", SPAN("\x1b[2J"), "\"\\u001b[2J\"",
		"\\x1b[2J" },
	{ "a letter with an accent", SPAN("\xc3\xa4"), "\"\\u00e4\"",
		"\\xc3\\xa4" },
	{ "right-to-left override", SPAN("\xe2\x80\xae"), "\"\\u202e\"",
		"\\xe2\\x80\\xae" },
	{ "line separator", SPAN("\xe2\x80\xa8"), "\"\\u2028\"",
		"\\xe2\\x80\\xa8" },
	{ "a control of Latin-1", SPAN("\xc2\x9b"), "\"\\u009b\"",
		"\\xc2\\x9b" },
	{ "beyond the first plane", SPAN("\xf0\x9f\x98\x80"),
		"\"\\ud83d\\ude00\"", "\\xf0\\x9f\\x98\\x80" },
	{ "octets that are not UTF-8", SPAN("a\xff\xc3"), "\"a\\\\xff\\\\xc3\"",
		"a\\xff\\xc3" },
	{ "a surrogate spelled in UTF-8", SPAN("\xed\xa0\x80"),
		"\"\\\\xed\\\\xa0\\\\x80\"", "\\xed\\xa0\\x80" },
};

TEST(escapes_leave_one_harmless_line)
{
	EACH_CASE(c, cases) {
		uint8_t storage[64];
		struct buf b = BUF(storage);

		CHECK(put_json_string(&b, c->in));
		CHECK_SPAN(buf_view(&b), c->json);
		buf_clear(&b);
		CHECK(put_printable(&b, c->in));
		CHECK_SPAN(buf_view(&b), c->printable);
	}
}

TEST(what_does_not_fit_leaves_nothing_behind)
{
	uint8_t storage[10];
	struct buf b = BUF(storage);

	CHECK(buf_put(&b, SPAN("kept")));
	CHECK(!put_json_string(&b, SPAN("12345")));
	CHECK(!put_json_string(&b, SPAN("\n")));
	CHECK(!put_printable(&b, SPAN("abcd\n")));
	CHECK_SPAN(buf_view(&b), "kept");
	CHECK(put_json_string(&b, SPAN("1234")));
}
