#include "lib/base/utf8.h"

/* The rows of the UTF-8 syntax, RFC 3629 section 4: what the first octet may
 * be, and the range of the second; all later ones are 80-BF. */
static const struct form {
	uint8_t from, to;   /* first octet             */
	uint8_t low, high;  /* second octet            */
	uint8_t tail, mask; /* octets that follow; bits of the first */
} forms[] = {
	{ 0x00, 0x7f, 0x00, 0x00, 0, 0x7f },
	{ 0xc2, 0xdf, 0x80, 0xbf, 1, 0x1f },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 2, 0x0f },
	{ 0xe1, 0xec, 0x80, 0xbf, 2, 0x0f },
	{ 0xed, 0xed, 0x80, 0x9f, 2, 0x0f },
	{ 0xee, 0xef, 0x80, 0xbf, 2, 0x0f },
	{ 0xf0, 0xf0, 0x90, 0xbf, 3, 0x07 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 3, 0x07 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 3, 0x07 },
};

static const struct form *
form_of(uint8_t first)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		if (first >= forms[i].from && first <= forms[i].to)
			return &forms[i];
	return NULL;
}

bool
take_code_point(struct span *s, uint32_t *out)
{
	const struct form *f = s->len > 0 ? form_of(s->at[0]) : NULL;
	uint32_t n;

	if (!f || s->len <= f->tail)
		return false;
	n = s->at[0] & f->mask;
	for (size_t i = 1; i <= f->tail; i++) {
		uint8_t c = s->at[i];

		if (c < (i == 1 ? f->low : 0x80) ||
			c > (i == 1 ? f->high : 0xbf))
			return false;
		n = n << 6 | (c & 0x3f);
	}
	span_shift_upto(s, f->tail + 1u);
	*out = n;
	return true;
}

bool
utf8_is_valid(struct span s)
{
	uint32_t point;
	uint64_t eight;

	while (s.len > 0) {
		if (s.len >= sizeof eight) {
			memcpy(&eight, s.at, sizeof eight);
			if (!(eight & 0x8080808080808080u)) {
				span_shift_upto(&s, sizeof eight);
				continue;
			}
		}
		if (!take_code_point(&s, &point))
			return false;
	}
	return true;
}
