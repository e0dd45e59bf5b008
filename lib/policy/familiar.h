/* familiar.h -- to whom an account has written before.
 *
 * Pairs of account and recipient as keyed hashes in a table of fixed size; the
 * one not seen for the longest time makes room.  What was forgotten counts as
 * new again: the table errs towards caution.
 */
#pragma once

#include "lib/base/siphash.h"

#define FAMILIAR_WAYS 8

/* Zero is a free place. */
struct familiar_pair {
	uint64_t hash;
	int64_t seen_ms;
};

struct familiar {
	struct familiar_pair *places; /* `sets` * FAMILIAR_WAYS, borrowed */
	uint32_t sets;                /* not 0                            */
	struct siphash_key key;
};

/* Is the pair there?  Case of letters does not matter. */
bool familiar_knows(
	const struct familiar *f, uint32_t account, struct span rcpt);

/* It is from now on. */
void familiar_meet(
	struct familiar *f, uint32_t account, struct span rcpt, int64_t now_ms);
