/* open.c -- from the journal to what is queued. */
#include <stdlib.h>

#include "lib/base/codec.h"
#include "state/queue/core.h"

static const struct fault *
replay_message(struct queue *q, const struct journal_record *r)
{
	struct message_record record;
	struct queued *m;

	TRY(message_record_parse(r->head, &record));
	TRY(table_make_room(q));
	TRY(message_new(&record, r->lsn, &m));
	m->size = r->body_size;
	m->place = r->place;
	table_add(q, m);
	return OK;
}

/* A message that was removed may still have records in segments that others
 * keep. */
static const struct fault *
replay_state(struct queue *q, struct span head)
{
	struct state_record s;
	struct queued *m;

	TRY(state_record_parse(head, &s));
	m = queue_find(q, s.id);
	return m ? message_set_state(m, &s) : OK;
}

static const struct fault *
replay_one(struct queue *q, uint16_t type, const struct ids_record *r,
	struct queued *m)
{
	if (type == QUEUE_ROUTED)
		return message_set_route(m, r->host, r->port);
	if (type == QUEUE_DONE) {
		table_remove(q, m);
		message_free(m);
	} else if (type == QUEUE_NOTICED) {
		m->noticed = true;
	} else {
		m->held = type == QUEUE_HELD;
	}
	return OK;
}

static const struct fault *
replay_ids(struct queue *q, uint16_t type, struct span head)
{
	struct ids_record r;
	uint64_t id;

	TRY(ids_record_parse(head, type, &r));
	while (take_u64(&r.ids, &id)) {
		struct queued *m = queue_find(q, id);

		if (m)
			TRY(replay_one(q, type, &r, m));
	}
	return OK;
}

static const struct fault *
replay(void *arg, const struct journal_record *r)
{
	switch (r->type) {
	case QUEUE_MESSAGE:
		return replay_message(arg, r);
	case QUEUE_STATE:
		return replay_state(arg, r->head);
	case QUEUE_DONE:
	case QUEUE_HELD:
	case QUEUE_RELEASED:
	case QUEUE_ROUTED:
	case QUEUE_NOTICED:
		return replay_ids(arg, r->type, r->head);
	default:
		return &fault_record_unknown;
	}
}

/* What is left after the whole journal is what is queued. */
static FALLIBLE
plan_all(struct queue *q)
{
	for (struct queued *m = queue_next(q, NULL); m; m = queue_next(q, m))
		journal_keep(q->journal, m->place);
	while (q->heap_cap <= q->count) {
		size_t cap = q->heap_cap;

		TRY(plan_make_room(q));
		if (q->heap_cap == cap)
			break;
	}
	for (struct queued *m = queue_next(q, NULL); m; m = queue_next(q, m))
		if (!m->held)
			plan_add(q, m, m->open > 0 ? plan_due(m) : 0);
	return OK;
}

FALLIBLE
queue_open(const struct queue_setup *setup, struct queue **out)
{
	struct queue *q = calloc(1, sizeof *q);
	const struct fault *f;

	if (!q)
		return &fault_sys_failed;
	q->setup = *setup;
	f = journal_open(&setup->journal, replay, q, &q->journal);
	if (!f)
		f = plan_all(q);
	if (f) {
		queue_close(&q);
		return f;
	}
	*out = q;
	return OK;
}

void
queue_close(struct queue **queue)
{
	struct queue *q = *queue;

	if (!q)
		return;
	for (size_t i = 0; i < q->table_cap; i++)
		if (q->table[i])
			message_free(q->table[i]);
	journal_close(&q->journal);
	free(q->table);
	free(q->heap);
	free(q);
	*queue = NULL;
}
