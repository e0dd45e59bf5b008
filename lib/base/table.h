/* table.h -- find things by foreign keys: a hash table of fixed capacity in
 * storage that the caller owns.
 *
 * The caller keeps his things in an array of `cap` elements, each with its key;
 * the table says which element a key has.  Keys are hashed with a secret, so no
 * peer can make it slow (rule P9), and a full table refuses, it does not grow.
 */
#pragma once

#include "lib/base/siphash.h"

#define TABLE_NONE UINT32_MAX

/* The key of element `i` of the caller's array. */
typedef struct span table_key(const void *things, uint32_t i);

/* Room for one element; what it holds is the table's own business. */
struct table_slot {
	uint64_t hash;
	uint32_t first; /* element that starts this slot's chain         */
	uint32_t next;  /* in the chain of this element, or free after it */
	bool used;
};

struct table {
	struct table_slot *slots; /* borrowed for the table's life */
	uint32_t cap, used;
	uint32_t free; /* first unused element */
	struct siphash_key key;
	table_key *key_of;
	const void *things; /* handed to key_of */
};

/* An empty table of `cap` elements, 1 to TABLE_NONE - 1. */
void table_init(struct table *t, struct table_slot *slots, uint32_t cap,
	const struct siphash_key *key, table_key *key_of, const void *things);

/* The element with this key, or TABLE_NONE. */
uint32_t table_find(const struct table *t, struct span key);

/* An unused element for a key that is not in the table, or TABLE_NONE when all
 * are in use.  The caller gives the element its key before the next call. */
uint32_t table_insert(struct table *t, struct span key);

/* Element `i`, which is in use, is not any more. */
void table_erase(struct table *t, uint32_t i);

/* The element in use that follows `i`, TABLE_NONE to begin and at the end.  The
 * one just handed out may be erased meanwhile. */
uint32_t table_next(const struct table *t, uint32_t i);
