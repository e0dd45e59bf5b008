#include "lib/base/table.h"

#include "lib/base/must.h"

void
table_init(struct table *t, struct table_slot *slots, uint32_t cap,
	const struct siphash_key *key, table_key *key_of, const void *things)
{
	MUST(cap > 0 && cap < TABLE_NONE);
	*t = (struct table){ .slots = slots, .cap = cap, .key = *key,
		.key_of = key_of, .things = things };
	for (uint32_t i = 0; i < cap; i++)
		slots[i] = (struct table_slot){ .first = TABLE_NONE,
			.next = i + 1 < cap ? i + 1 : TABLE_NONE };
}

/* Where the chain of a hash starts. */
static uint32_t *
chain_of(const struct table *t, uint64_t hash)
{
	return &t->slots[(hash >> 32) * t->cap >> 32].first;
}

static uint32_t
find(const struct table *t, struct span key, uint64_t hash)
{
	uint32_t i = *chain_of(t, hash);

	while (i != TABLE_NONE && (t->slots[i].hash != hash ||
		!span_equals(t->key_of(t->things, i), key)))
		i = t->slots[i].next;
	return i;
}

uint32_t
table_find(const struct table *t, struct span key)
{
	return find(t, key, siphash(&t->key, key));
}

uint32_t
table_insert(struct table *t, struct span key)
{
	uint64_t hash = siphash(&t->key, key);
	uint32_t i = t->free, *first = chain_of(t, hash);

	MUST(find(t, key, hash) == TABLE_NONE);
	if (i == TABLE_NONE)
		return TABLE_NONE;
	t->free = t->slots[i].next;
	t->slots[i].hash = hash;
	t->slots[i].next = *first;
	t->slots[i].used = true;
	*first = i;
	t->used++;
	return i;
}

void
table_erase(struct table *t, uint32_t i)
{
	uint32_t *at;

	MUST(i < t->cap && t->slots[i].used);
	for (at = chain_of(t, t->slots[i].hash); *at != i;)
		at = &t->slots[*at].next;
	*at = t->slots[i].next;
	t->slots[i].next = t->free;
	t->slots[i].used = false;
	t->free = i;
	t->used--;
}

uint32_t
table_next(const struct table *t, uint32_t i)
{
	for (i = i == TABLE_NONE ? 0 : i + 1; i < t->cap; i++)
		if (t->slots[i].used)
			return i;
	return TABLE_NONE;
}
