/* codec.h -- our own records: fixed width, little endian, length first (P10).
 *
 * A put appends whole or changes nothing; a take shortens *in whole or changes
 * nothing.  Both return false then.  take(put(x)) = x.
 */
#pragma once

#include "lib/base/buf.h"

bool put_u8(struct buf *b, uint8_t n);
bool put_u16(struct buf *b, uint16_t n);
bool put_u32(struct buf *b, uint32_t n);
bool put_u64(struct buf *b, uint64_t n);

bool take_u8(struct span *in, uint8_t *n);
bool take_u16(struct span *in, uint16_t *n);
bool take_u32(struct span *in, uint32_t *n);
bool take_u64(struct span *in, uint64_t *n);

/* The next `len` octets, a view into *in. */
bool take_octets(struct span *in, size_t len, struct span *out);

/* A length of two octets and so many octets: at most BLOCK_MAX. */
#define BLOCK_MAX 65535
bool put_block(struct buf *b, struct span s);
bool take_block(struct span *in, struct span *out);
