/* units.h -- sizes and times as people write them: 25M, 5d.
 *
 * A number of at most 12 digits and one letter; a size may have no letter.
 */
#pragma once

#include "lib/base/buf.h"

enum units {
	UNITS_SIZE, /* octets: K, M, G are 2 to the 10, 20, 30 */
	UNITS_TIME, /* seconds: s, m, h, d                     */
};

/* The whole of `text` in octets or seconds; false when it is neither. */
bool units_parse(enum units units, struct span text, uint64_t *out);

/* The shortest form: the largest unit that leaves no rest. */
bool put_units(struct buf *b, enum units units, uint64_t n);
