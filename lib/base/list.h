/* list.h -- things in a row, each linked by a member of its own.
 *
 * A list is a ring through its head, so adding and removing need no cases.  A
 * thing may be in as many lists as it has links; whoever owns the thing removes
 * it before it goes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev, *next;
};

/* The thing of `type` whose member `member` is *link. */
#define HOLDER(link, type, member) \
	((type *)(void *)((char *)(link)-offsetof(type, member)))

/* An empty list, or a link that is in no list. */
static inline void
list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline bool
list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* Put `link`, which is in no list, at the end of *l. */
static inline void
list_append(struct list *l, struct list *link)
{
	link->prev = l->prev;
	link->next = l;
	l->prev->next = link;
	l->prev = link;
}

/* Out of its list; nothing happens when it is in none. */
static inline void
list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* Each link from the first to the last; `link` itself may be removed. */
#define EACH_LINK(link, l)                                          \
	for (struct list *link = (l)->next, *link##_next_ = (link)->next; \
		link != (l); link = link##_next_, link##_next_ = link->next)
