#include "lib/base/base64.h"

static const uint8_t digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One to three octets as four digits. */
static void
put_group(struct buf *b, struct span s)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 3; i++)
		bits = bits << 8 | (i < s.len ? s.at[i] : 0);
	for (size_t i = 0; i < 4; i++)
		b->at[b->len++] = i <= s.len
			? digits[bits >> (18 - 6 * i) & 63] : '=';
}

bool
put_base64(struct buf *b, struct span s)
{
	if (buf_room(b) / 4 < (s.len + 2) / 3)
		return false;
	while (s.len > 0)
		put_group(b, span_shift_upto(&s, 3));
	return true;
}

/* Value of a digit; 64 for anything else. */
static uint32_t
digit_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26u;
	if (c >= '0' && c <= '9')
		return c - '0' + 52u;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Four digits, in the last group up to two of them "=". */
static bool
take_group(struct span group, bool last, struct buf *out)
{
	size_t pads = 0;
	uint32_t bits = 0;

	while (last && pads < 2 && group.at[3 - pads] == '=')
		pads++;
	for (size_t i = 0; i < 4; i++) {
		uint32_t v = i < 4 - pads ? digit_value(group.at[i]) : 0;

		if (v > 63)
			return false;
		bits = bits << 6 | v;
	}
	if (bits & ((1u << 8 * pads) - 1))
		return false;
	for (size_t i = 0; i < 3 - pads; i++)
		if (!buf_push(out, (uint8_t)(bits >> (16 - 8 * i))))
			return false;
	return true;
}

FALLIBLE
base64_decode(struct span text, struct buf *out)
{
	size_t start = out->len;

	if (text.len % 4 != 0)
		return &fault_base64_syntax;
	while (text.len > 0) {
		struct span group = span_shift_upto(&text, 4);

		if (!take_group(group, text.len == 0, out)) {
			out->len = start;
			return &fault_base64_syntax;
		}
	}
	return OK;
}
