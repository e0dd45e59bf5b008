#include "lib/base/escape.h"

static bool
is_printable(uint32_t c)
{
	return c >= ' ' && c <= '~';
}

static bool
put_u(struct buf *b, uint32_t unit)
{
	uint8_t octets[2] = { (uint8_t)(unit >> 8), (uint8_t)unit };

	return buf_put(b, SPAN("\\u")) && buf_put_hex(b, span_at(octets, 2));
}

/* One code point inside a JSON string; above U+FFFF as a surrogate pair. */
static bool
put_json_point(struct buf *b, uint32_t c)
{
	if (c == '"' || c == '\\')
		return buf_push(b, '\\') && buf_push(b, (uint8_t)c);
	if (is_printable(c))
		return buf_push(b, (uint8_t)c);
	if (c <= 0xffff)
		return put_u(b, c);
	c -= 0x10000;
	return put_u(b, 0xd800 | c >> 10) && put_u(b, 0xdc00 | (c & 0x3ff));
}

bool
put_json_string(struct buf *b, struct span s)
{
	size_t before = b->len;
	bool fits = buf_push(b, '"');

	while (fits && s.len > 0) {
		uint32_t point;

		if (take_code_point(&s, &point))
			fits = put_json_point(b, point);
		else
			fits = buf_put(b, SPAN("\\\\x")) &&
				buf_put_hex(b, span_shift_upto(&s, 1));
	}
	fits = fits && buf_push(b, '"');
	if (!fits)
		b->len = before;
	return fits;
}

bool
put_printable(struct buf *b, struct span s)
{
	size_t before = b->len;
	bool fits = true;

	while (fits && s.len > 0) {
		struct span octet = span_shift_upto(&s, 1);

		if (is_printable(*octet.at))
			fits = buf_put(b, octet);
		else
			fits = buf_put(b, SPAN("\\x")) && buf_put_hex(b, octet);
	}
	if (!fits)
		b->len = before;
	return fits;
}
