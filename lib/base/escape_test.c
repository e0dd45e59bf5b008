#include "lib/base/escape.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	struct span in;
	const char *json, *printable;
} cases[] = {
	{ "plain text", SPAN("a b"), "\"a b\"", "a b" },
	{ "nothing", SPAN(""), "\"\"", "" },
	{ "a quote and a backslash", SPAN("\"\\"), "\"\\\"\\\\\"",
		"\"\\x5c" },
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

static const struct {
	const char *what, *in;
	int64_t character; /* -1: refused */
} characters[] = {
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

TEST(take_utf8_takes_well_formed_characters_only)
{
	EACH_CASE(c, characters) {
		struct span in = span_of(c->in), whole = in;
		uint32_t character = 7;
		bool taken = take_utf8(&in, &character);

		CHECK(taken == (c->character >= 0));
		CHECK_NUMBER(character, taken ? c->character : 7);
		CHECK_NUMBER(in.len, taken ? 0 : whole.len);
		CHECK(utf8_is_valid(whole) == (taken || whole.len == 0));
	}
}
