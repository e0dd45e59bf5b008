/* value.h -- one setting's value: from text into its member and back.
 *
 * The law: what value_put writes, value_take reads to the same octets.
 */
#pragma once

#include "lib/conf/schema.h"

/* Read `text` into the member of `base` that the row names: a struct
 * site_permit for SECTION_PERMIT, else a struct site.  A list grows by one.
 *
 * Returns NULL, or what is wrong as a piece of a sentence ("not a number");
 * the member is unchanged then. */
const char *value_take(const struct setting *row, struct span text, void *base);

/* How many values are set: of a list its count, else 1, or 0 for a text that
 * may be left out and is. */
size_t value_count(const struct setting *row, const void *base);

/* Append value `i` < value_count, quoted when it needs quotes. */
bool value_put(const struct setting *row, const void *base, size_t i,
	struct buf *b);

/* "a time from 5s to 1h": what the setting takes, for remedies and manual. */
bool value_put_expected(const struct setting *row, struct buf *b);
