#include "lib/base/base64.h"

static const uint8_t letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool
put_base64(struct buf *b, struct span s)
{
	if (buf_room(b) / 4 < s.len / 3 + (s.len % 3 != 0))
		return false;
	while (s.len > 0) {
		struct span in = span_shift_upto(&s, 3);
		uint32_t group = (uint32_t)in.at[0] << 16 |
			(in.len > 1 ? (uint32_t)in.at[1] << 8 : 0) |
			(in.len > 2 ? in.at[2] : 0);

		for (size_t i = 0; i < 4; i++)
			b->at[b->len++] = i <= in.len
				? letters[group >> (18 - 6 * i) & 63]
				: '=';
	}
	return true;
}

/* The six bits of a letter, or 64. */
static uint8_t
sextet(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* How many of the last four characters are padding: 0, 1 or 2. */
static size_t
padding(struct span text)
{
	size_t n = 0;

	while (n < 2 && n < text.len && text.at[text.len - 1 - n] == '=')
		n++;
	return n;
}

/* Two to four letters into one to three octets at `to`. */
static bool
decode_group(struct span in, uint8_t *to)
{
	uint32_t group = 0;

	for (size_t i = 0; i < 4; i++) {
		uint8_t six = i < in.len ? sextet(in.at[i]) : 0;

		if (six > 63)
			return false;
		group = group << 6 | six;
	}
	for (size_t i = 0; i < 3; i++) {
		uint8_t octet = (uint8_t)(group >> (16 - 8 * i));

		if (i + 1 < in.len)
			to[i] = octet;
		else if (octet != 0)
			return false;
	}
	return true;
}

FALLIBLE
base64_decode(struct span text, struct buf *out)
{
	size_t pad = padding(text), len = text.len / 4 * 3 - pad, done = 0;
	struct span in = { text.at, text.len - pad };

	if (text.len % 4 != 0 || len > buf_room(out))
		return &fault_base64_syntax;
	while (in.len > 0) {
		struct span group = span_shift_upto(&in, 4);

		if (!decode_group(group, out->at + out->len + done))
			return &fault_base64_syntax;
		done += group.len - 1;
	}
	out->len += done;
	return OK;
}
