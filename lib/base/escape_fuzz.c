/* Whatever goes in, one line of printable ASCII comes out.  The JSON string
 * reads back as the same characters where they were UTF-8, the printable text
 * as the same octets always. */
#include "lib/base/escape.h"
#include "lib/base/fuzz.h"

static void
must_be_one_printable_line(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		MUST(s.at[i] >= ' ' && s.at[i] <= '~');
}

static uint32_t
take_hex(struct span *s, int digits)
{
	uint32_t n = 0;

	for (int i = 0; i < digits; i++) {
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
	uint32_t high = take_hex(s, 4), low;

	if (high < 0xd800 || high > 0xdfff)
		return high;
	MUST(high < 0xdc00);
	MUST(span_take(s, '\\') && span_take(s, 'u'));
	low = take_hex(s, 4);
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
			MUST(take_utf8(&input, &want));
			MUST(got == want);
		}
	}
	MUST(!valid || input.len == 0);
}

/* Nothing is ambiguous: \xNN is always one octet of the original. */
static void
must_print_back(struct span printed, struct span input)
{
	while (printed.len > 0) {
		uint32_t octet = span_shift(&printed);

		if (octet == '\\') {
			struct span digits;

			MUST(span_take(&printed, 'x') && printed.len >= 2);
			digits = span_shift_upto(&printed, 2);
			octet = take_hex(&digits, 2);
		}
		MUST(octet == span_shift(&input));
	}
	MUST(input.len == 0);
}

FUZZ(struct span input)
{
	static uint8_t storage[65536];
	struct buf b = BUF(storage);

	MUST(put_json_string(&b, input));
	must_be_one_printable_line(buf_view(&b));
	must_read_back(buf_view(&b), input);

	buf_clear(&b);
	MUST(put_printable(&b, input));
	must_be_one_printable_line(buf_view(&b));
	must_print_back(buf_view(&b), input);
}
