/* span.h -- a borrowed view of octets that somebody else owns.
 *
 * A span never owns, never ends in NUL and never outlives the buffer it
 * points into; the function that hands one out says how long it lives.
 * Parsers shorten a span from the left as they recognise it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *at; /* NULL only in SPAN_NONE */
	size_t len;        /* octets                 */
};

#define SPAN_NONE ((struct span){ NULL, 0 })
#define SPAN(literal) \
	((struct span){ (const uint8_t *)("" literal), sizeof(literal) - 1 })

/* Is there a value at all?  An empty span is a value, SPAN_NONE is not. */
static inline bool
span_is_set(struct span s)
{
	return s.at != NULL;
}

/* The octets of a C string, without its NUL.  For our own literals only. */
static inline struct span
span_of(const char *text)
{
	return (struct span){ (const uint8_t *)text, strlen(text) };
}

/* `len` octets at `at`; `at` may be NULL when len is 0. */
static inline struct span
span_at(const void *at, size_t len)
{
	return (struct span){ at ? (const uint8_t *)at : (const uint8_t *)"",
		len };
}

/* Same length and same octets; letters differ by case. */
bool span_equals(struct span a, struct span b);

/* As span_equals, with a-z equal to A-Z (ASCII only, no locale). */
bool span_equals_nocase(struct span a, struct span b);

/* Does `s` begin with `head`?  The second form ignores ASCII case. */
bool span_starts(struct span s, struct span head);
bool span_starts_nocase(struct span s, struct span head);

/* Order of octets, shorter first when one begins the other: <0, 0, >0. */
int span_compare(struct span a, struct span b);

/* Where `needle` first occurs in `s`: an index, or s.len when it does not.  The
 * time is in proportion to s.len + needle.len (rule P9). */
size_t span_find_octet(struct span s, uint8_t octet);
size_t span_find(struct span s, struct span needle);
size_t span_find_nocase(struct span s, struct span needle);

/* No octet above 127? */
bool span_is_ascii(struct span s);

/* An octet that ends a line or steers a terminal: below 32, or 127? */
bool span_has_control(struct span s);

/* Remove and return the first octet.  Requires s->len > 0. */
uint8_t span_shift(struct span *s);

/* Remove and return the first `n` octets, or all when there are fewer. */
struct span span_shift_upto(struct span *s, size_t n);

/* Remove the first octet if it is `octet`; say whether it was. */
bool span_take(struct span *s, uint8_t octet);

/* Remove `head` from the front, ignoring ASCII case; say whether it was
 * there. */
bool span_take_nocase(struct span *s, struct span head);

/* Remove the leading run of octets in `class`; return its length. */
size_t span_skip(struct span *s, const bool class[256]);

/* The part of `whole` that has been consumed to arrive at `rest`. */
struct span span_before(struct span whole, struct span rest);

/* `s` without leading and trailing SP and HTAB. */
struct span span_trim(struct span s);

/* Upper case of an ASCII letter, any other octet unchanged. */
static inline uint8_t
octet_upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
}

static inline uint8_t
octet_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}
