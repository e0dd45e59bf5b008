#include "lib/imap/mutf7.h"

#include "lib/base/number.h"

#define NAME_OCTETS 255
#define WIRE_OCTETS 1024 /* what 255 octets of UTF-8 may become, and more */

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool
put_utf8(struct buf *b, uint32_t c)
{
	uint8_t octets[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		octets[i] = (uint8_t)(0x80 | (c & 0x3f));
	octets[0] = (uint8_t)(lead[n] | c);
	return buf_put(b, span_at(octets, n));
}

/* One character, shortest form, no surrogates: RFC 3629 section 4. */
static bool
take_utf8(struct span *in, uint32_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t c = span_shift(in);
	size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3
		: c < 0xf5 ? 4 : 0;
	uint32_t value = n == 1 ? c : c & (0x7fu >> n);

	if (n == 0 || in->len < n - 1)
		return false;
	for (size_t i = 1; i < n; i++) {
		c = span_shift(in);
		if ((c & 0xc0) != 0x80)
			return false;
		value = value << 6 | (c & 0x3f);
	}
	*out = value;
	return value >= least[n] && value <= 0x10ffff &&
		(value < 0xd800 || value > 0xdfff);
}

/* Bits of a base64 run that do not yet make a unit. */
struct bits {
	uint32_t value;
	unsigned count;
	uint32_t high; /* first half of a surrogate pair, or 0 */
};

static int
digit_value(uint8_t c)
{
	const char *at = c ? memchr(digits, c, sizeof digits - 1) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* A UTF-16 unit of a run. */
static bool
put_unit(struct buf *b, struct bits *bits, uint32_t unit)
{
	if (bits->high) {
		uint32_t c = 0x10000 + ((bits->high - 0xd800) << 10) +
			(unit - 0xdc00);

		bits->high = 0;
		return unit >= 0xdc00 && unit <= 0xdfff && put_utf8(b, c);
	}
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return false;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		bits->high = unit;
		return true;
	}
	return put_utf8(b, unit);
}

/* run = 1*digit "-", behind "&" */
static bool
take_run(struct span *in, struct buf *b)
{
	struct bits bits = { 0 };

	while (in->len > 0) {
		int v = digit_value(in->at[0]);

		if (v < 0)
			break;
		span_shift(in);
		bits.value = (bits.value << 6 | (uint32_t)v) & 0x3fffff;
		bits.count += 6;
		if (bits.count < 16)
			continue;
		bits.count -= 16;
		if (!put_unit(b, &bits, bits.value >> bits.count & 0xffff))
			return false;
	}
	return !bits.high && span_take(in, '-');
}

static bool
decode(struct span in, struct buf *b)
{
	while (in.len > 0) {
		uint8_t c = span_shift(&in);

		if (c < ' ' || c > '~')
			return false;
		if (c != '&') {
			if (!buf_push(b, c))
				return false;
		} else if (span_take(&in, '-')) {
			if (!buf_push(b, '&'))
				return false;
		} else if (!take_run(&in, b)) {
			return false;
		}
	}
	return true;
}

static bool
is_direct(uint32_t c)
{
	return c >= ' ' && c <= '~';
}

static bool
push_bits(struct buf *b, struct bits *bits, uint32_t unit)
{
	bool fits = true;

	bits->value = bits->value << 16 | unit;
	bits->count += 16;
	while (bits->count >= 6 && fits) {
		bits->count -= 6;
		fits = buf_push(b, (uint8_t)
			digits[bits->value >> bits->count & 0x3f]);
	}
	return fits;
}

static bool
end_run(struct buf *b, const struct bits *bits)
{
	uint32_t rest = bits->value << (6 - bits->count) & 0x3f;

	return (bits->count == 0 || buf_push(b, (uint8_t)digits[rest])) &&
		buf_push(b, '-');
}

/* All characters up to the next one that stands for itself. */
static bool
put_run(struct buf *b, struct span *in)
{
	struct bits bits = { 0 };
	bool fits = buf_push(b, '&');

	while (fits && in->len > 0 && !is_direct(in->at[0])) {
		uint32_t c;

		if (!take_utf8(in, &c))
			return false;
		if (c < 0x10000) {
			fits = push_bits(b, &bits, c);
			continue;
		}
		c -= 0x10000;
		fits = push_bits(b, &bits, 0xd800 + (c >> 10)) &&
			push_bits(b, &bits, 0xdc00 + (c & 0x3ff));
	}
	return fits && end_run(b, &bits);
}

bool
put_mutf7(struct buf *b, struct span utf8)
{
	size_t start = b->len;
	bool fits = true;

	while (fits && utf8.len > 0) {
		uint8_t c = utf8.at[0];

		if (!is_direct(c)) {
			fits = put_run(b, &utf8);
			continue;
		}
		span_shift(&utf8);
		fits = buf_push(b, c) && (c != '&' || buf_push(b, '-'));
	}
	if (!fits)
		b->len = start;
	return fits;
}

FALLIBLE
mutf7_decode(struct span wire, struct buf *out)
{
	uint8_t again[WIRE_OCTETS];
	struct buf check = BUF(again);
	size_t start = out->len;

	if (decode(wire, out) &&
		put_mutf7(&check, span_at(out->at + start, out->len - start)) &&
		span_equals(buf_view(&check), wire))
		return OK;
	out->len = start;
	return &fault_imap_name;
}

static bool
component_is_legal(struct span s)
{
	return s.len > 0 && !span_equals(s, SPAN(".")) &&
		!span_equals(s, SPAN(".."));
}

static bool
name_is_legal(struct span name)
{
	struct span in = name;

	if (name.len == 0 || name.len > NAME_OCTETS || name.at[0] == '~' ||
		name.at[0] == '#')
		return false;
	while (in.len > 0) {
		uint32_t c;

		if (!take_utf8(&in, &c) || c < ' ' || c == '*' || c == '%' ||
			(c >= 0x7f && c < 0xa0))
			return false;
	}
	for (in = name;; span_shift(&in)) {
		struct span part = span_shift_upto(&in,
			span_find_octet(in, '/'));

		if (!component_is_legal(part))
			return false;
		if (in.len == 0)
			return true;
	}
}

FALLIBLE
mailbox_name(struct span wire, struct buf *out)
{
	size_t start = out->len;
	struct span name;

	TRY(mutf7_decode(wire, out));
	name = span_at(out->at + start, out->len - start);
	if (!name_is_legal(name)) {
		out->len = start;
		return &fault_imap_name;
	}
	if (span_starts_nocase(name, SPAN("INBOX")) &&
		(name.len == 5 || name.at[5] == '/'))
		memcpy(out->at + start, "INBOX", 5);
	return OK;
}
