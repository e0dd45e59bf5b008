/* Whatever goes in, one line of printable ASCII comes out.  The JSON string
 * reads back as the same octets where they were UTF-8. */
#include "lib/base/escape.h"
#include "lib/base/fuzz.h"

static void
must_be_one_printable_line(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		MUST(s.at[i] >= ' ' && s.at[i] <= '~');
}

static uint32_t
take_hex4(struct span *s)
{
	uint32_t n = 0;

	for (int i = 0; i < 4; i++) {
		uint8_t c = span_shift(s);

		MUST((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
		n = n << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return n;
}

/* The code point after "\u", with its second half where there is one. */
static uint32_t
take_escaped(struct span *s)
{
	uint32_t high = take_hex4(s), low;

	if (high < 0xd800 || high > 0xdfff)
		return high;
	MUST(high < 0xdc00);
	MUST(span_take(s, '\\') && span_take(s, 'u'));
	low = take_hex4(s);
	MUST(low >= 0xdc00 && low <= 0xdfff);
	return 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff));
}

/* One character of a JSON string, RFC 8259 section 7. */
static uint32_t
take_json_char(struct span *s)
{
	uint8_t c = span_shift(s);

	MUST(c != '"');
	if (c != '\\')
		return c;
	c = span_shift(s);
	if (c == 'u')
		return take_escaped(s);
	MUST(c == '"' || c == '\\');
	return c;
}

static void
must_read_back(struct span json, struct span input)
{
	bool valid = utf8_is_valid(input);

	MUST(json.len >= 2 && json.at[json.len - 1] == '"');
	MUST(span_take(&json, '"'));
	json.len--;
	while (json.len > 0) {
		uint32_t got = take_json_char(&json), want;

		if (valid) {
			MUST(take_code_point(&input, &want));
			MUST(got == want);
		}
	}
	MUST(!valid || input.len == 0);
}

FUZZ(struct span input)
{
	static uint8_t first[65536], second[65536];
	struct buf a = BUF(first), b = BUF(second);

	MUST(put_json_string(&a, input));
	must_be_one_printable_line(buf_view(&a));
	must_read_back(buf_view(&a), input);

	buf_clear(&a);
	MUST(put_printable(&a, input));
	must_be_one_printable_line(buf_view(&a));
	MUST(put_printable(&b, buf_view(&a)));
	MUST(span_equals(buf_view(&a), buf_view(&b)));
}
