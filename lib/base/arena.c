#include "lib/base/arena.h"

#include "lib/base/must.h"

#define ALIGN 16

struct arena_block {
	struct arena_block *next;
	uint8_t pad[ALIGN - sizeof(void *)];
	uint8_t octets[ARENA_BLOCK - ALIGN];
};

void
arena_pool_init(struct arena_pool *p, void *storage, size_t len)
{
	p->idle = NULL;
	p->fresh = storage;
	p->end = p->fresh + len / ARENA_BLOCK * ARENA_BLOCK;
}

void
arena_init(struct arena *a, struct arena_pool *pool, size_t limit)
{
	*a = (struct arena){ .pool = pool,
		.limit = (limit + ARENA_BLOCK - 1) / ARENA_BLOCK };
}

static struct arena_block *
take_block(struct arena_pool *p)
{
	struct arena_block *b = p->idle;

	if (b) {
		p->idle = b->next;
	} else if (p->fresh < p->end) {
		b = (void *)p->fresh;
		p->fresh += ARENA_BLOCK;
	}
	return b;
}

FALLIBLE
arena_take(struct arena *a, size_t len, void **out)
{
	size_t need = (len + ALIGN - 1) / ALIGN * ALIGN;

	MUST(len <= ARENA_LARGEST);
	if (!a->blocks || sizeof a->blocks->octets - a->used < need) {
		struct arena_block *b;

		if (a->held >= a->limit)
			return &fault_arena_full;
		b = take_block(a->pool);
		if (!b)
			return &fault_arena_full;
		b->next = a->blocks;
		a->blocks = b;
		a->held++;
		a->used = 0;
	}
	*out = a->blocks->octets + a->used;
	memset(*out, 0, need);
	a->used += need;
	return OK;
}

FALLIBLE
arena_copy(struct arena *a, struct span s, struct span *out)
{
	void *at;

	if (s.len > ARENA_LARGEST)
		return &fault_arena_full;
	TRY(arena_take(a, s.len, &at));
	if (s.len > 0)
		memcpy(at, s.at, s.len);
	*out = (struct span){ at, s.len };
	return OK;
}

void
arena_reset(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;

		a->blocks = b->next;
		memset(b->octets, 0,
			a->used < sizeof b->octets ? a->used : sizeof b->octets);
		a->used = sizeof b->octets;
		b->next = a->pool->idle;
		a->pool->idle = b;
	}
	a->held = 0;
	a->used = 0;
}
