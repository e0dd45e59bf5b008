#include "lib/base/table.h"

#include "lib/base/number.h"
#include "lib/base/test.h"

#define CAP 64

static struct table_slot slots[CAP];
static const char *things[CAP];
static const struct siphash_key secret = { { 3, 1, 4, 1, 5, 9 } };

static struct span
key_of(const void *at, uint32_t i)
{
	return span_of(((const char *const *)at)[i]);
}

static void
put(struct table *t, const char *text)
{
	uint32_t i = table_insert(t, span_of(text));

	CHECK(i < t->cap);
	things[i] = text;
}

TEST(what_was_inserted_is_found_until_it_is_erased)
{
	struct table t;
	uint32_t b;

	table_init(&t, slots, CAP, &secret, key_of, things);
	CHECK_NUMBER(table_find(&t, SPAN("a")), TABLE_NONE);
	put(&t, "a");
	put(&t, "");
	put(&t, "b");
	b = table_find(&t, SPAN("b"));
	CHECK_SPAN(span_of(things[b]), "b");
	CHECK_SPAN(span_of(things[table_find(&t, SPAN(""))]), "");
	CHECK_NUMBER(table_find(&t, SPAN("B")), TABLE_NONE);
	table_erase(&t, b);
	CHECK_NUMBER(table_find(&t, SPAN("b")), TABLE_NONE);
	CHECK(table_find(&t, SPAN("a")) != TABLE_NONE);
	CHECK_NUMBER(t.used, 2);
}

TEST(a_full_table_refuses_and_a_gap_is_used_again)
{
	struct table t;

	table_init(&t, slots, 2, &secret, key_of, things);
	put(&t, "a");
	put(&t, "b");
	CHECK_NUMBER(table_insert(&t, SPAN("c")), TABLE_NONE);
	CHECK_NUMBER(table_find(&t, SPAN("c")), TABLE_NONE);
	table_erase(&t, table_find(&t, SPAN("a")));
	put(&t, "c");
	CHECK(table_find(&t, SPAN("b")) != TABLE_NONE);
	CHECK(table_find(&t, SPAN("c")) != TABLE_NONE);
}

TEST(each_element_is_met_once_though_some_are_erased_meanwhile)
{
	static char names[CAP][4];
	struct table t;
	size_t met = 0, held = 0;

	table_init(&t, slots, CAP, &secret, key_of, things);
	for (size_t i = 0; i < CAP; i++) {
		snprintf(names[i], sizeof names[i], "%zu", i);
		put(&t, names[i]);
	}
	for (uint32_t i = TABLE_NONE; (i = table_next(&t, i)) != TABLE_NONE;
		met++)
		if (things[i][0] % 2)
			table_erase(&t, i);
	CHECK_NUMBER(met, CAP);
	for (size_t i = 0; i < CAP; i++)
		held += table_find(&t, span_of(names[i])) != TABLE_NONE;
	CHECK_NUMBER(held, t.used);
	CHECK(held > 0 && held < CAP);
}

/* Keys that a peer would choose if it knew the secret: all in one chain. */
TEST(keys_that_collide_are_kept_apart)
{
	static char names[CAP][8];
	struct table t;
	size_t n = 0;

	table_init(&t, slots, CAP, &secret, key_of, things);
	for (unsigned i = 0; n < CAP; i++) {
		snprintf(names[n], sizeof names[n], "%u", i);
		if (siphash(&secret, span_of(names[n])) >> 58 == 7)
			put(&t, names[n++]);
	}
	for (size_t i = 0; i < CAP; i += 3)
		table_erase(&t, table_find(&t, span_of(names[i])));
	for (size_t i = 0; i < CAP; i++) {
		uint32_t at = table_find(&t, span_of(names[i]));

		CHECK((at == TABLE_NONE) == (i % 3 == 0));
		CHECK(i % 3 == 0 || things[at] == names[i]);
	}
}
