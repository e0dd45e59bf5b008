#include "lib/base/arena.h"

#include "lib/base/number.h"
#include "lib/base/test.h"

static _Alignas(16) uint8_t storage[4 * ARENA_BLOCK + 100];

static struct arena_pool
fresh_pool(size_t len)
{
	struct arena_pool pool;

	memset(storage, 0xee, sizeof storage);
	arena_pool_init(&pool, storage, len);
	return pool;
}

/* How many of the largest pieces it gives before it is full. */
static size_t
fill(struct arena *a)
{
	size_t n = 0;
	void *at;

	while (arena_take(a, ARENA_LARGEST, &at) == OK)
		n++;
	return n;
}

TEST(arena_take_gives_zeroed_aligned_memory)
{
	struct arena_pool pool = fresh_pool(sizeof storage);
	struct arena a;

	arena_init(&a, &pool, sizeof storage);
	for (size_t len = 0; len < 70; len++) {
		static const uint8_t zeros[70];
		void *at;

		CHECK_OK(arena_take(&a, len, &at));
		CHECK_NUMBER((uintptr_t)at % 16, 0);
		CHECK_SPANS(span_at(at, len), span_at(zeros, len));
		memset(at, 0xaa, len);
	}
	CHECK_NUMBER(a.held, 1);
}

static const struct {
	const char *what;
	size_t pool, limit, blocks;
} ceilings[] = {
	{ "its own limit", 4 * ARENA_BLOCK, 2 * ARENA_BLOCK, 2 },
	{ "a limit is rounded up to a block", 4 * ARENA_BLOCK, 1, 1 },
	{ "the pool's end", 3 * ARENA_BLOCK, 9 * ARENA_BLOCK, 3 },
	{ "a pool gives whole blocks", 2 * ARENA_BLOCK + 100, SIZE_MAX / 2, 2 },
	{ "a limit of nothing", 4 * ARENA_BLOCK, 0, 0 },
	{ "a pool of nothing", 100, 4 * ARENA_BLOCK, 0 },
};

TEST(an_arena_stops_at_the_first_ceiling)
{
	EACH_CASE(c, ceilings) {
		struct arena_pool pool = fresh_pool(c->pool);
		struct arena a;
		void *at = storage;

		arena_init(&a, &pool, c->limit);
		CHECK_NUMBER(fill(&a), c->blocks);
		CHECK_NUMBER(a.held, c->blocks);
		CHECK_FAULT(arena_take(&a, ARENA_LARGEST, &at),
			&fault_arena_full);
		CHECK(at == storage);
		arena_reset(&a);
		CHECK_NUMBER(fill(&a), c->blocks);
	}
}

TEST(what_one_arena_gives_back_another_may_take)
{
	struct arena_pool pool = fresh_pool(3 * ARENA_BLOCK);
	struct arena a, b;

	arena_init(&a, &pool, sizeof storage);
	arena_init(&b, &pool, sizeof storage);
	CHECK_NUMBER(fill(&a), 3);
	CHECK_NUMBER(fill(&b), 0);
	arena_reset(&a);
	CHECK_NUMBER(fill(&b), 3);
	CHECK_NUMBER(fill(&a), 0);
}

TEST(arena_reset_wipes_what_was_used)
{
	static const uint8_t secret[] = "correct horse battery staple";
	struct arena_pool pool = fresh_pool(sizeof storage);
	struct arena a;
	struct span copy;

	arena_init(&a, &pool, sizeof storage);
	for (size_t i = 0; i < 3 * ARENA_BLOCK / 32; i++)
		CHECK_OK(arena_copy(&a, span_at(secret, 29), &copy));
	CHECK(a.held > 2);
	CHECK(span_find(span_at(storage, sizeof storage), copy) < sizeof storage);
	arena_reset(&a);
	CHECK_NUMBER(a.held, 0);
	CHECK_NUMBER(span_find(span_at(storage, sizeof storage),
			     span_at(secret, 4)), sizeof storage);
	arena_reset(&a);
}

TEST(arena_copy_lives_apart_from_its_original)
{
	struct arena_pool pool = fresh_pool(ARENA_BLOCK);
	uint8_t original[] = "abc";
	struct span copy = SPAN_NONE;
	struct arena a;

	arena_init(&a, &pool, ARENA_BLOCK);
	CHECK_OK(arena_copy(&a, span_at(original, 3), &copy));
	original[0] = 'x';
	CHECK_SPAN(copy, "abc");
	CHECK_OK(arena_copy(&a, SPAN_NONE, &copy));
	CHECK_NUMBER(copy.len, 0);
	CHECK_FAULT(arena_copy(&a, span_at(storage, ARENA_LARGEST + 1), &copy),
		&fault_arena_full);
}
