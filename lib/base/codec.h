/* codec.h -- fixed-width binary numbers for our own records (rule P10).
 *
 * Little-endian, no alignment, no text.  A put appends the whole value or
 * changes nothing; a take removes the whole value from the front or changes
 * nothing.  Both say whether they did, so a record's fields are joined with &&
 * and judged once.  Peers never speak this.
 */
#pragma once

#include "lib/base/buf.h"

bool put_u8(struct buf *b, uint8_t n);
bool put_u16(struct buf *b, uint16_t n);
bool put_u32(struct buf *b, uint32_t n);
bool put_u64(struct buf *b, uint64_t n);

/* The length as u32, then the octets.  False also from 4 GiB on. */
bool put_block(struct buf *b, struct span s);

bool take_u8(struct span *s, uint8_t *out);
bool take_u16(struct span *s, uint16_t *out);
bool take_u32(struct span *s, uint32_t *out);
bool take_u64(struct span *s, uint64_t *out);

/* Exactly `n` octets; `out` points into the storage of `s`. */
bool take_octets(struct span *s, size_t n, struct span *out);

/* What put_block wrote, of at most `max` octets. */
bool take_block(struct span *s, size_t max, struct span *out);
