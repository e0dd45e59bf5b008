/* buf.h -- octets appended into storage that the caller owns.
 *
 * A buf cannot be made without its maximum.  A put either appends the whole
 * value and returns true, or changes nothing and returns false; several puts
 * may be joined with && and judged once.
 */
#pragma once

#include "lib/base/span.h"

struct buf {
	uint8_t *at; /* storage, owned by the caller */
	size_t len;  /* octets in use                */
	size_t cap;  /* octets of storage            */
};

/* A buf over an array; `array` must be an array, not a pointer. */
#define BUF(array) ((struct buf){ (uint8_t *)(array), 0, sizeof(array) })

static inline struct span
buf_view(const struct buf *b)
{
	return (struct span){ b->at, b->len };
}

static inline size_t
buf_room(const struct buf *b)
{
	return b->cap - b->len;
}

static inline void
buf_clear(struct buf *b)
{
	b->len = 0;
}

bool buf_push(struct buf *b, uint8_t octet);
bool buf_put(struct buf *b, struct span s);

/* A literal or other trusted C string, without its NUL. */
bool buf_put_text(struct buf *b, const char *text);

/* Decimal, shortest form.  The second pads with zeros to `width` (<= 20). */
bool buf_put_number(struct buf *b, uint64_t n);
bool buf_put_digits(struct buf *b, uint64_t n, unsigned width);

/* Lower-case hexadecimal of each octet of `s`. */
bool buf_put_hex(struct buf *b, struct span s);

/* The octets that hexadecimal digits, two for each, stand for. */
bool buf_put_unhex(struct buf *b, struct span digits);

/* Remove the first `n` octets, n <= b->len, moving the rest down. */
void buf_drop(struct buf *b, size_t n);
