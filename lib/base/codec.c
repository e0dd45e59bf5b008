#include "lib/base/codec.h"

static bool
put_little(struct buf *b, uint64_t n, unsigned octets)
{
	if (buf_room(b) < octets)
		return false;
	for (unsigned i = 0; i < octets; i++)
		b->at[b->len++] = (uint8_t)(n >> (8 * i));
	return true;
}

static bool
take_little(struct span *in, uint64_t *n, unsigned octets)
{
	uint64_t value = 0;

	if (in->len < octets)
		return false;
	for (unsigned i = 0; i < octets; i++)
		value |= (uint64_t)in->at[i] << (8 * i);
	span_shift_upto(in, octets);
	*n = value;
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
take_u8(struct span *in, uint8_t *n)
{
	if (in->len == 0)
		return false;
	*n = span_shift(in);
	return true;
}

bool
take_u16(struct span *in, uint16_t *n)
{
	uint64_t wide;

	if (!take_little(in, &wide, 2))
		return false;
	*n = (uint16_t)wide;
	return true;
}

bool
take_u32(struct span *in, uint32_t *n)
{
	uint64_t wide;

	if (!take_little(in, &wide, 4))
		return false;
	*n = (uint32_t)wide;
	return true;
}

bool
take_u64(struct span *in, uint64_t *n)
{
	return take_little(in, n, 8);
}

bool
take_octets(struct span *in, size_t len, struct span *out)
{
	if (in->len < len)
		return false;
	*out = span_shift_upto(in, len);
	return true;
}

bool
put_block(struct buf *b, struct span s)
{
	if (s.len > BLOCK_MAX || buf_room(b) < 2 + s.len)
		return false;
	return put_u16(b, (uint16_t)s.len) && buf_put(b, s);
}

bool
take_block(struct span *in, struct span *out)
{
	struct span rest = *in;
	uint16_t len;

	if (!take_u16(&rest, &len) || !take_octets(&rest, len, out))
		return false;
	*in = rest;
	return true;
}
