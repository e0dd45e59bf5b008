/* meters.h -- counters of many, in a table of fixed size.
 *
 * A key has METERS_WAYS places, by a keyed hash.  When all are taken, a new key
 * gets the place of the coldest one: whoever used the smallest part of a limit.
 * So a flood of new keys pushes out its own kind, and pushing out somebody who
 * is near a limit costs as much use of eight others; nobody can choose keys
 * that share places with him.
 */
#pragma once

#include "lib/base/siphash.h"
#include "lib/policy/bucket.h"

#define METERS_WAYS 8
#define METERS_UNITS 8
#define METERS_DIMS 8

/* Zero is a free place.  No padding: it is kept in a file. */
struct meter {
	uint64_t key[2];
	uint32_t dim;     /* not 0                                  */
	uint32_t held;    /* 1: refused until released; never cold  */
	int64_t told_ms;  /* when a refusal was last reported       */
	uint64_t refused; /* refusals since                         */
	struct bucket buckets[METERS_UNITS];
};

struct rates {
	struct rate at[METERS_DIMS][METERS_UNITS];
};

struct meters {
	struct meter *places; /* `sets` * METERS_WAYS, borrowed */
	uint32_t sets;        /* not 0                          */
	struct siphash_key key;
};

/* NULL when there is none. */
struct meter *meters_find(
	const struct meters *m, uint32_t dim, const uint64_t key[2]);

/* Found, or begun: somebody colder may be forgotten for it.  NULL when every
 * place is held. */
struct meter *meters_take(struct meters *m, const struct rates *rates,
	uint32_t dim, const uint64_t key[2], int64_t now_ms);

/* How near it is to the nearest of its limits: 256 is there. */
unsigned meter_heat(struct meter *m, const struct rates *rates, int64_t now_ms);
