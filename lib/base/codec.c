#include "lib/base/codec.h"

static bool
put_little(struct buf *b, uint64_t n, size_t width)
{
	uint8_t octets[8];

	for (size_t i = 0; i < width; i++)
		octets[i] = (uint8_t)(n >> 8 * i);
	return buf_put(b, span_at(octets, width));
}

static bool
take_little(struct span *s, size_t width, uint64_t *out)
{
	uint64_t n = 0;
	struct span octets;

	if (!take_octets(s, width, &octets))
		return false;
	for (size_t i = 0; i < width; i++)
		n |= (uint64_t)octets.at[i] << 8 * i;
	*out = n;
	return true;
}

bool
put_u8(struct buf *b, uint8_t n)
{
	return buf_push(b, n);
}

bool
put_u16(struct buf *b, uint16_t n)
{
	return put_little(b, n, 2);
}

bool
put_u32(struct buf *b, uint32_t n)
{
	return put_little(b, n, 4);
}

bool
put_u64(struct buf *b, uint64_t n)
{
	return put_little(b, n, 8);
}

bool
put_block(struct buf *b, struct span s)
{
	if (s.len > UINT32_MAX || buf_room(b) < 4 || buf_room(b) - 4 < s.len)
		return false;
	return put_u32(b, (uint32_t)s.len) && buf_put(b, s);
}

bool
take_u8(struct span *s, uint8_t *out)
{
	uint64_t n;

	if (!take_little(s, 1, &n))
		return false;
	*out = (uint8_t)n;
	return true;
}

bool
take_u16(struct span *s, uint16_t *out)
{
	uint64_t n;

	if (!take_little(s, 2, &n))
		return false;
	*out = (uint16_t)n;
	return true;
}

bool
take_u32(struct span *s, uint32_t *out)
{
	uint64_t n;

	if (!take_little(s, 4, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

bool
take_u64(struct span *s, uint64_t *out)
{
	return take_little(s, 8, out);
}

bool
take_octets(struct span *s, size_t n, struct span *out)
{
	if (s->len < n)
		return false;
	*out = span_shift_upto(s, n);
	return true;
}

bool
take_block(struct span *s, size_t max, struct span *out)
{
	struct span in = *s;
	uint32_t len;

	if (!take_u32(&in, &len) || len > max || !take_octets(&in, len, out))
		return false;
	*s = in;
	return true;
}
