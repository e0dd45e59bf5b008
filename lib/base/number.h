/* number.h -- the one reader of decimal numbers, and arithmetic that cannot
 * wrap (rules M1 and M2). */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

/* Read a run of 1 to `digits` decimal digits off the front of *s.
 *
 * number_syntax  no digit, more digits than allowed, or outside min..max;
 *                *s and *out are unchanged then
 */
FALLIBLE number_take(struct span *s, unsigned digits, uint64_t min,
	uint64_t max, uint64_t *out);

/* The whole of `s` is one number between min and max. */
FALLIBLE number_parse(struct span s, uint64_t min, uint64_t max,
	uint64_t *out);

/* *out = a op b; false when the result has no 64-bit value. */
static inline bool
ck_add(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline bool
ck_mul(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

#define KiB(n) ((uint64_t)(n) << 10)
#define MiB(n) ((uint64_t)(n) << 20)
#define GiB(n) ((uint64_t)(n) << 30)

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
