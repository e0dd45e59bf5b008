#include "lib/base/property.h"
#include "lib/base/table.h"

#define CAP  8
#define KEYS 12

static struct span
key_of(const void *things, uint32_t i)
{
	return span_at((const uint8_t *)things + i, 1);
}

/* The keys that are held, the plain way. */
struct plain {
	bool held[KEYS];
	uint32_t count;
};

static void
must_agree(const struct table *t, const struct plain *p, const uint8_t *things)
{
	uint32_t met = 0;

	MUST(t->used == p->count);
	for (uint8_t k = 0; k < KEYS; k++) {
		uint32_t i = table_find(t, span_at(&k, 1));

		MUST((i != TABLE_NONE) == p->held[k]);
		MUST(i == TABLE_NONE || things[i] == k);
	}
	for (uint32_t i = TABLE_NONE; (i = table_next(t, i)) != TABLE_NONE;)
		met++;
	MUST(met == p->count);
}

/* Insert the key, or erase it when it is there. */
static void
turn(struct table *t, struct plain *p, uint8_t *things, uint8_t k)
{
	uint32_t i;

	if (p->held[k]) {
		table_erase(t, table_find(t, span_at(&k, 1)));
		p->held[k] = false;
		p->count--;
		return;
	}
	i = table_insert(t, span_at(&k, 1));
	MUST((i == TABLE_NONE) == (p->count == CAP));
	if (i == TABLE_NONE)
		return;
	MUST(i < CAP);
	things[i] = k;
	p->held[k] = true;
	p->count++;
}

/* Whatever is done to it, the table holds what a plain list would hold. */
PROPERTY(table_agrees_with_a_plain_list)
{
	struct table_slot slots[CAP];
	uint8_t things[CAP] = { 0 };
	struct plain p = { { false }, 0 };
	ANY(uint64_t, secret);
	struct siphash_key key = { { 0 } };
	struct table t;

	memcpy(key.octets, &secret, sizeof secret);
	table_init(&t, slots, CAP, &key, key_of, things);
	for (int i = 0; i < 12; i++) {
		ANY(uint8_t, k);

		turn(&t, &p, things, k % KEYS);
		must_agree(&t, &p, things);
	}
}
