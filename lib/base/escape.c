#include "lib/base/escape.h"

/* The continuation octet of a character, six bits of it. */
static bool
take_tail(struct span *s, uint32_t *character)
{
	if (s->len == 0 || (*s->at & 0xc0) != 0x80)
		return false;
	*character = *character << 6 | (span_shift(s) & 0x3fu);
	return true;
}

bool
take_utf8(struct span *s, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	struct span in = *s;
	uint32_t c;
	unsigned tails;

	if (in.len == 0)
		return false;
	c = span_shift(&in);
	tails = c < 0x80 ? 0 : c < 0xc0 ? 4 : c < 0xe0 ? 1 : c < 0xf0 ? 2
		: c < 0xf8						? 3
									: 4;
	if (tails == 4)
		return false;
	c &= tails ? 0x3fu >> tails : 0x7fu;
	for (unsigned i = 0; i < tails; i++)
		if (!take_tail(&in, &c))
			return false;
	if (c < least[tails] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	*s = in;
	*character = c;
	return true;
}

bool
utf8_is_valid(struct span s)
{
	uint32_t c;

	while (s.len > 0)
		if (!take_utf8(&s, &c))
			return false;
	return true;
}

static bool
put_hex4(struct buf *b, uint32_t unit)
{
	const uint8_t octets[2] = { (uint8_t)(unit >> 8), (uint8_t)unit };

	return buf_put_text(b, "\\u") && buf_put_hex(b, span_at(octets, 2));
}

static bool
put_character(struct buf *b, uint32_t c)
{
	if (c == '"' || c == '\\')
		return buf_push(b, '\\') && buf_push(b, (uint8_t)c);
	if (c >= 0x20 && c < 0x7f)
		return buf_push(b, (uint8_t)c);
	if (c <= 0xffff)
		return put_hex4(b, c);
	c -= 0x10000;
	return put_hex4(b, 0xd800 | c >> 10) &&
		put_hex4(b, 0xdc00 | (c & 0x3ff));
}

static bool
put_octet(struct buf *b, const char *before, uint8_t octet)
{
	return buf_put_text(b, before) && buf_put_hex(b, span_at(&octet, 1));
}

bool
put_json_string(struct buf *b, struct span s)
{
	size_t before = b->len;
	bool fits = buf_push(b, '"');

	while (fits && s.len > 0) {
		uint32_t c;

		fits = take_utf8(&s, &c) ? put_character(b, c)
					 : put_octet(b, "\\\\x", span_shift(&s));
	}
	if (fits && buf_push(b, '"'))
		return true;
	b->len = before;
	return false;
}

bool
put_printable(struct buf *b, struct span s)
{
	size_t before = b->len;
	bool fits = true;

	while (fits && s.len > 0) {
		uint8_t c = span_shift(&s);

		fits = c >= 0x20 && c < 0x7f && c != '\\'
			? buf_push(b, c)
			: put_octet(b, "\\x", c);
	}
	if (!fits)
		b->len = before;
	return fits;
}
