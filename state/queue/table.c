/* table.c -- messages by id, and in the order of their ids.  Ids are our own and
 * rise by one record each, so nobody can choose ones that collide. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/must.h"
#include "state/queue/core.h"

static size_t
home(const struct queue *q, uint64_t id)
{
	return (id * 0x9e3779b97f4a7c15u >> 20) & (q->table_cap - 1);
}

static void
insert(struct queue *q, struct queued *m)
{
	size_t at = home(q, m->id);

	while (q->table[at])
		at = (at + 1) & (q->table_cap - 1);
	q->table[at] = m;
}

FALLIBLE
table_make_room(struct queue *q)
{
	struct queued **old = q->table;
	size_t old_cap = q->table_cap;
	size_t cap = old_cap ? 2 * old_cap : 4096;

	if (2 * (q->count + 1) <= old_cap)
		return OK;
	q->table = calloc(cap, sizeof *q->table);
	if (!q->table) {
		q->table = old;
		return &fault_queue_full;
	}
	q->table_cap = cap;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i])
			insert(q, old[i]);
	free(old);
	return OK;
}

void
table_add(struct queue *q, struct queued *m)
{
	MUST(!q->newest || q->newest->id < m->id);
	insert(q, m);
	q->count++;
	m->older = q->newest;
	*(m->older ? &m->older->newer : &q->oldest) = m;
	q->newest = m;
}

static size_t
slot_of(const struct queue *q, uint64_t id)
{
	size_t at;

	if (q->table_cap == 0)
		return 0;
	at = home(q, id);
	while (q->table[at] && q->table[at]->id != id)
		at = (at + 1) & (q->table_cap - 1);
	return at;
}

struct queued *
queue_find(struct queue *q, uint64_t id)
{
	return q->table_cap ? q->table[slot_of(q, id)] : NULL;
}

/* Close the gap: whoever stands behind it on its way home moves up. */
void
table_remove(struct queue *q, const struct queued *m)
{
	size_t mask = q->table_cap - 1, gap = slot_of(q, m->id);

	MUST(q->table[gap] == m);
	for (size_t at = (gap + 1) & mask; q->table[at]; at = (at + 1) & mask) {
		size_t way = (at - home(q, q->table[at]->id)) & mask;

		if (way < ((at - gap) & mask))
			continue;
		q->table[gap] = q->table[at];
		gap = at;
	}
	q->table[gap] = NULL;
	q->count--;
	*(m->older ? &m->older->newer : &q->oldest) = m->newer;
	*(m->newer ? &m->newer->older : &q->newest) = m->older;
}

size_t
queue_count(const struct queue *q)
{
	return q->count;
}

struct queued *
queue_next(struct queue *q, const struct queued *m)
{
	return m ? m->newer : q->oldest;
}

struct queued *
queue_after(struct queue *q, uint64_t id)
{
	struct queued *m = queue_find(q, id);

	if (m)
		return m->newer;
	for (m = q->oldest; m && m->id <= id; m = m->newer)
		;
	return m;
}
