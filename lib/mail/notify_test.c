#include "lib/mail/notify.h"

#include "lib/base/test.h"

static const struct {
	const char *what, *value;
	unsigned notify; /* 0: refused */
	const char *put;
} notifies[] = {
	{ "never", "never", NOTIFY_NEVER, "NEVER" },
	{ "one", "FAILURE", NOTIFY_FAILURE, "FAILURE" },
	{ "all, in another order", "DELAY,Failure,SUCCESS",
		NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY,
		"SUCCESS,FAILURE,DELAY" },
	{ "twice", "DELAY,DELAY", 0, NULL },
	{ "never and more", "NEVER,DELAY", 0, NULL },
	{ "nothing", "", 0, NULL },
	{ "a comma at the end", "DELAY,", 0, NULL },
	{ "another word", "ALWAYS", 0, NULL },
	{ "a blank", "DELAY, SUCCESS", 0, NULL },
};

TEST(notify_is_never_or_a_list)
{
	EACH_CASE(c, notifies) {
		uint8_t room[32];
		struct buf b = BUF(room);
		unsigned n = 0;

		CHECK(notify_parse(span_of(c->value), &n) == (c->notify != 0));
		CHECK_NUMBER(n, c->notify);
		if (!c->put)
			continue;
		CHECK(put_notify(&b, n));
		CHECK_SPAN(buf_view(&b), c->put);
	}
}

static const struct {
	const char *what;
	struct span text;
	const char *decoded; /* NULL: refused */
} xtexts[] = {
	{ "plain", SPAN("QQ314159"), "QQ314159" },
	{ "encoded", SPAN("e+3Dmc2+40x"), "e=mc2@x" },
	{ "a blank encoded", SPAN("a+20b"), "a b" },
	{ "EN-D10: a NUL", SPAN("a+00b"), NULL },
	{ "EN-D10: an LF", SPAN("a+0Ab"), NULL },
	{ "a DEL", SPAN("a+7Fb"), NULL },
	{ "beyond ASCII", SPAN("a+C3+BC"), NULL },
	{ "EN-D10: lower case", SPAN("+0a"), NULL },
	{ "lower case of a letter", SPAN("+4a"), NULL },
	{ "EN-D10: no digits", SPAN("+"), NULL },
	{ "one digit", SPAN("a+4"), NULL },
	{ "EN-D10: no digit", SPAN("+G1"), NULL },
	{ "an equals sign", SPAN("a=b"), NULL },
	{ "a blank", SPAN("a b"), NULL },
	{ "8-bit", SPAN("a\xfc"), NULL },
	{ "nothing", SPAN(""), NULL },
};

TEST(xtext_stands_for_printable_text)
{
	EACH_CASE(c, xtexts) {
		uint8_t room[32];
		struct buf b = BUF(room);

		CHECK(xtext_is_sound(c->text) == (c->decoded != NULL));
		if (!c->decoded)
			continue;
		CHECK(xtext_decode(c->text, &b));
		CHECK_SPAN(buf_view(&b), c->decoded);
	}
}

static const struct {
	const char *what;
	struct span value;
	bool utf8, sound;
} orcpts[] = {
	{ "an address", SPAN("rfc822;a+40b"), false, true },
	{ "not encoded", SPAN("RFC822;a@b"), false, true },
	{ "another type", SPAN("x400;/C=de/"), false, false },
	{ "another type, encoded", SPAN("x400;/C+3Dde/"), false, true },
	{ "EN-D09: an LF", SPAN("rfc822;a+0Abcc:+20z@x"), false, false },
	{ "no type", SPAN("a@b"), false, false },
	{ "an empty type", SPAN(";a@b"), false, false },
	{ "no address", SPAN("rfc822;"), false, false },
	{ "utf-8, ASCII", SPAN("utf-8;a@b"), false, true },
	{ "utf-8, embedded", SPAN("UTF-8;\\x{434}a\\x{2B}@b"), false, true },
	{ "utf-8, an embedded control", SPAN("utf-8;a\\x{0A}"), false, false },
	{ "utf-8, an embedded C1", SPAN("utf-8;a\\x{85}"), false, false },
	{ "utf-8, beyond Unicode", SPAN("utf-8;a\\x{110000}"), false, false },
	{ "utf-8, one digit", SPAN("utf-8;a\\x{A}"), false, false },
	{ "utf-8, seven digits", SPAN("utf-8;a\\x{0000041}"), false, false },
	{ "utf-8, open", SPAN("utf-8;a\\x{41"), false, false },
	{ "utf-8, a backslash alone", SPAN("utf-8;a\\"), false, false },
	{ "utf-8, xtext", SPAN("utf-8;a+41"), false, false },
	{ "utf-8, as it is", SPAN("utf-8;\xd0\xb4@b"), true, true },
	{ "utf-8, as it is without SMTPUTF8", SPAN("utf-8;\xd0\xb4@b"), false,
		false },
	{ "no utf-8", SPAN("utf-8;\xd0@b"), true, false },
	{ "rfc822 beyond ASCII", SPAN("rfc822;\xd0\xb4@b"), true, false },
};

TEST(an_original_recipient_is_printable)
{
	EACH_CASE(c, orcpts)
		CHECK(orcpt_is_sound(c->value, c->utf8) == c->sound);
}

TEST(an_original_recipient_has_500_octets_at_most)
{
	uint8_t text[ORCPT_MAX + 1];

	test_row = "500, then 501";
	memset(text, 'a', sizeof text);
	memcpy(text, "rfc822;", 7);
	CHECK(orcpt_is_sound(span_at(text, ORCPT_MAX), false));
	CHECK(!orcpt_is_sound(span_at(text, ORCPT_MAX + 1), false));
}
