/* plan.c -- a binary heap of messages by the time of their next attempt, and
 * the lines in which they stand instead. */
#include <stdlib.h>

#include "lib/base/must.h"
#include "state/queue/core.h"

static void
place(struct queue *q, size_t at, struct queued *m)
{
	q->heap[at] = m;
	m->heap = at;
}

static void
rise(struct queue *q, size_t at)
{
	struct queued *m = q->heap[at];

	while (at > 0 && q->heap[(at - 1) / 2]->due_us > m->due_us) {
		place(q, at, q->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(q, at, m);
}

static void
sink(struct queue *q, size_t at)
{
	struct queued *m = q->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < q->planned &&
			q->heap[child + 1]->due_us < q->heap[child]->due_us)
			child++;
		if (child >= q->planned || q->heap[child]->due_us >= m->due_us)
			break;
		place(q, at, q->heap[child]);
		at = child;
	}
	place(q, at, m);
}

FALLIBLE
plan_make_room(struct queue *q)
{
	size_t cap = q->heap_cap ? 2 * q->heap_cap : 1024;
	void *at;

	if (q->count < q->heap_cap)
		return OK;
	at = realloc(q->heap, cap * sizeof *q->heap);
	if (!at)
		return &fault_queue_full;
	q->heap = at;
	q->heap_cap = cap;
	return OK;
}

void
plan_add(struct queue *q, struct queued *m, int64_t due_us)
{
	MUST(m->heap == NOT_PLANNED && q->planned < q->heap_cap);
	m->due_us = due_us;
	place(q, q->planned++, m);
	rise(q, m->heap);
}

static void
leave_line(struct queued *m)
{
	struct queue_line *line = m->line;

	if (!line)
		return;
	*(m->before ? &m->before->behind : &line->first) = m->behind;
	*(m->behind ? &m->behind->before : &line->last) = m->before;
	line->count--;
	m->line = NULL;
	m->before = m->behind = NULL;
}

void
queue_line_join(struct queue *q, struct queued *m, struct queue_line *line)
{
	plan_remove(q, m);
	m->line = line;
	m->before = line->last;
	*(line->last ? &line->last->behind : &line->first) = m;
	line->last = m;
	line->count++;
}

void
queue_line_call(struct queue *q, struct queue_line *line)
{
	struct queued *m = line->first;

	MUST(m);
	plan_remove(q, m);
	plan_add(q, m, 0);
}

void
plan_remove(struct queue *q, struct queued *m)
{
	size_t at = m->heap;

	leave_line(m);
	if (at == NOT_PLANNED)
		return;
	m->heap = NOT_PLANNED;
	q->planned--;
	if (at == q->planned)
		return;
	place(q, at, q->heap[q->planned]);
	rise(q, at);
	sink(q, q->heap[at]->heap);
}

int64_t
plan_due(const struct queued *m)
{
	int64_t due = INT64_MAX;

	for (uint32_t i = 0; i < m->count; i++) {
		const struct queue_rcpt *r = &m->rcpts[i];

		if (r->state <= RCPT_DEFERRED && r->next_us < due)
			due = r->next_us;
	}
	return due;
}
