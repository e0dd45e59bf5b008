/* pool.h -- objects of one size, as many as the settings say and not one more.
 *
 * An object is found again by its slot; whoever asks another process keeps
 * (slot, session) and compares the session when the answer comes, so a slot
 * that was given to somebody else meanwhile is noticed (security rule M5).
 */
#pragma once

#include "lib/base/fault.h"

struct pool;

/* Room for `count` objects of `size` octets; memory is touched only by those in
 * use. */
FALLIBLE pool_open(size_t size, uint32_t count, struct pool **out);

/* A zeroed object and its slot; NULL when all are in use. */
void *pool_take(struct pool *p, uint32_t *slot);

/* Wipes it. */
void pool_give(struct pool *p, uint32_t slot);

/* The object in a slot; NULL when it is not in use or there is no such slot. */
void *pool_at(struct pool *p, uint32_t slot);

uint32_t pool_used(const struct pool *p);
uint32_t pool_size(const struct pool *p);

/* Memory for an arena_pool or the like, `len` octets, zero, never given back;
 * touched only where it is used.  NULL when there is none. */
void *pool_storage(size_t len);
