#include "lib/mime/decode.h"

#include "lib/base/must.h"

void
decoder_init(struct decoder *d, enum part_encoding encoding)
{
	*d = (struct decoder){ .encoding = encoding };
}

/* Value of a base64 digit; 64 for anything else. */
static uint32_t
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26u;
	if (c >= '0' && c <= '9')
		return c - '0' + 52u;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

static void
base64_octet(struct decoder *d, uint8_t c, struct buf *out)
{
	uint32_t v = base64_value(c);

	if (c == '=') {
		d->digits = 0;
		return;
	}
	if (v > 63)
		return;
	d->bits = d->bits << 6 | v;
	if (d->digits++ > 0) /* the first digit of four is no octet yet */
		buf_push(out, (uint8_t)(d->bits >> (2 * (4 - d->digits))));
	d->digits %= 4;
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = octet_upper(c);
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void
decode_end(struct decoder *d, struct buf *out)
{
	buf_put(out, span_at(d->held, d->holds));
	d->holds = 0;
}

/* "=" hexdigit hexdigit, or "=" CRLF, of which `held` has the beginning. */
static void
qp_escape(struct decoder *d, uint8_t c, struct buf *out)
{
	bool line = c == '\n' && d->holds <= 2 &&
		(d->holds == 1 || d->held[1] == '\r');

	if (line) {
		d->holds = 0;
	} else if (d->holds == 1 && (c == '\r' || hex_value(c) >= 0)) {
		d->held[d->holds++] = c;
	} else if (d->holds == 2 && hex_value(d->held[1]) >= 0 &&
		hex_value(c) >= 0) {
		buf_push(out, (uint8_t)(hex_value(d->held[1]) << 4 |
			hex_value(c)));
		d->holds = 0;
	} else {
		decode_end(d, out);
		if (c == '=')
			d->held[d->holds++] = c;
		else
			buf_push(out, c);
	}
}

static void
qp_octet(struct decoder *d, uint8_t c, struct buf *out)
{
	if (d->holds > 0)
		qp_escape(d, c, out);
	else if (c == '=')
		d->held[d->holds++] = c;
	else
		buf_push(out, c);
}

void
decode(struct decoder *d, struct span *in, struct buf *out)
{
	MUST(buf_room(out) >= DECODE_ROOM);
	if (d->encoding < ENCODING_QP || d->encoding == ENCODING_OTHER) {
		buf_put(out, span_shift_upto(in, buf_room(out)));
		return;
	}
	while (in->len > 0 && buf_room(out) >= DECODE_ROOM) {
		uint8_t c = span_shift(in);

		if (d->encoding == ENCODING_BASE64)
			base64_octet(d, c, out);
		else
			qp_octet(d, c, out);
	}
}
