/* set.h -- sets of message numbers, RFC 3501 section 9 (sequence-set).
 *
 * A set is held as ascending intervals that neither touch nor overlap, so
 * "1:*,2,2,2,..." costs one.  Numbers are uids or sequence numbers.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/imap/view.h"

#define SET_INTERVALS 1024

struct uid_range {
	uint32_t first, last; /* both belong to it, first <= last */
};

struct uid_set {
	const struct uid_range *at;
	size_t len;
};

/* The same while it is made; the ranges belong to the caller. */
struct set_maker {
	struct uid_range *at;
	size_t len, cap;
};

/* Read a sequence-set off the front of *in; "*" stands for `star`.
 *
 * star  the largest number in use, at least 1
 * m     emptied first; filled with merged ascending intervals
 *
 * imap_syntax   not a sequence-set, or a number is 0 or over 2^32 - 1
 * imap_too_big  more than m->cap intervals after merging
 */
FALLIBLE set_take(struct span *in, uint32_t star, struct set_maker *m);

/* Turn sequence numbers into uids; numbers beyond the view are left out.
 * Says whether all were inside. */
bool set_to_uids(struct set_maker *m, const struct view *v);

bool set_has(const struct uid_set *s, uint32_t n);

/* How many messages of the view are in the set. */
size_t set_count(const struct uid_set *s, const struct view *v);

/* "1:3,5": the numbers of the messages of `v` that are in the set, in runs
 * without holes; false when it does not fit. */
bool put_uids_in(struct buf *b, const struct uid_set *s, const struct view *v);

static inline struct uid_set
set_view(const struct set_maker *m)
{
	return (struct uid_set){ m->at, m->len };
}
