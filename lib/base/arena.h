/* arena.h -- memory with the life of one transaction or session.
 *
 * An arena takes whole blocks from a pool that the process made at its start
 * and gives all of them back at once.  Both have a ceiling: a peer can use up
 * its own arena or, together with its likes, the pool; it gets a LATER fault
 * (452), never a crash.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

#define ARENA_BLOCK 8192 /* octets, header included */

struct arena_block;

struct arena_pool {
	struct arena_block *idle; /* blocks that nobody uses   */
	uint8_t *fresh, *end;     /* storage never handed out  */
};

struct arena {
	struct arena_pool *pool;
	struct arena_block *blocks; /* newest first                  */
	size_t used;                /* octets in the newest block    */
	size_t held, limit;         /* blocks held; may be held      */
};

/* storage  borrowed for the pool's whole life, 16-octet aligned
 * len      octets; what is not a whole block is left alone */
void arena_pool_init(struct arena_pool *p, void *storage, size_t len);

/* An empty arena that may grow to `limit` octets (rounded up to a block). */
void arena_init(struct arena *a, struct arena_pool *pool, size_t limit);

/* Zeroed memory, aligned to 16 octets, valid until arena_reset.
 * len  at most ARENA_LARGEST
 *
 * arena_full  the arena's or the pool's ceiling is reached */
#define ARENA_LARGEST (ARENA_BLOCK - 32)
FALLIBLE arena_take(struct arena *a, size_t len, void **out);

/* A copy of `s` that lives as long as the arena. */
FALLIBLE arena_copy(struct arena *a, struct span s, struct span *out);

/* Give everything back; wipes what was used. */
void arena_reset(struct arena *a);
