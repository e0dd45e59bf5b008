#include "lib/base/list.h"

#include "lib/base/test.h"

struct thing {
	char name;
	struct list link;
};

/* The names in the list, and back again. */
static struct span
names(struct list *l, char storage[static 16])
{
	size_t n = 0;

	EACH_LINK(link, l)
		storage[n++] = HOLDER(link, struct thing, link)->name;
	for (struct list *at = l->prev; at != l; at = at->prev)
		storage[n++] = HOLDER(at, struct thing, link)->name;
	return span_at(storage, n);
}

TEST(a_list_keeps_order_and_forgets_what_is_removed)
{
	struct thing a = { .name = 'a' }, b = { .name = 'b' },
		     c = { .name = 'c' };
	struct list l;
	char storage[16];

	list_init(&l);
	CHECK(list_is_empty(&l));
	list_append(&l, &a.link);
	list_append(&l, &b.link);
	list_append(&l, &c.link);
	CHECK_SPAN(names(&l, storage), "abccba");
	list_remove(&b.link);
	CHECK_SPAN(names(&l, storage), "acca");
	list_remove(&b.link);
	list_append(&l, &b.link);
	CHECK_SPAN(names(&l, storage), "acbbca");
}

TEST(a_link_may_be_removed_while_it_is_looked_at)
{
	struct thing a = { .name = 'a' }, b = { .name = 'b' };
	struct list l;

	list_init(&l);
	list_append(&l, &a.link);
	list_append(&l, &b.link);
	EACH_LINK(link, &l)
		list_remove(link);
	CHECK(list_is_empty(&l));
	CHECK(list_is_empty(&a.link));
}
