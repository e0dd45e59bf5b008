#include "lib/base/buf.h"

#include "lib/base/must.h"

bool
buf_push(struct buf *b, uint8_t octet)
{
	if (buf_room(b) == 0)
		return false;
	b->at[b->len++] = octet;
	return true;
}

bool
buf_put(struct buf *b, struct span s)
{
	if (buf_room(b) < s.len)
		return false;
	if (s.len > 0)
		memcpy(b->at + b->len, s.at, s.len);
	b->len += s.len;
	return true;
}

bool
buf_put_text(struct buf *b, const char *text)
{
	return buf_put(b, span_of(text));
}

bool
buf_put_number(struct buf *b, uint64_t n)
{
	return buf_put_digits(b, n, 1);
}

bool
buf_put_digits(struct buf *b, uint64_t n, unsigned width)
{
	uint8_t digits[20];
	size_t i = sizeof digits;

	MUST(width <= sizeof digits);
	do {
		digits[--i] = (uint8_t)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	while (sizeof digits - i < width)
		digits[--i] = '0';
	return buf_put(b, span_at(digits + i, sizeof digits - i));
}

bool
buf_put_hex(struct buf *b, struct span s)
{
	static const uint8_t digit[] = "0123456789abcdef";

	if (buf_room(b) / 2 < s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		b->at[b->len++] = digit[s.at[i] >> 4];
		b->at[b->len++] = digit[s.at[i] & 15];
	}
	return true;
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = octet_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
buf_put_unhex(struct buf *b, struct span digits)
{
	size_t before = b->len;
	bool good = digits.len > 0 && digits.len % 2 == 0;

	while (good && digits.len > 0) {
		int high = hex_value(span_shift(&digits));
		int low = hex_value(span_shift(&digits));

		good = high >= 0 && low >= 0 &&
			buf_push(b, (uint8_t)(high << 4 | low));
	}
	if (!good)
		b->len = before;
	return good;
}

void
buf_drop(struct buf *b, size_t n)
{
	MUST(n <= b->len);
	memmove(b->at, b->at + n, b->len - n);
	b->len -= n;
}
