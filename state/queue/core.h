/* core.h -- the queue from inside; state/queue only. */
#pragma once

#include "state/queue/queue.h"

#define NOT_PLANNED SIZE_MAX

struct queue {
	struct queue_setup setup;
	struct journal *journal;
	struct queued **heap; /* planned, the soonest first */
	size_t planned, heap_cap;
	struct queued **table; /* all, by id: open addressing */
	size_t count, table_cap;
	struct queued *oldest, *newest; /* all, in the order of their ids */
};

/* plan.c: the schedule. */
FALLIBLE plan_make_room(struct queue *q);
void plan_add(struct queue *q, struct queued *m, int64_t due_us);
void plan_remove(struct queue *q, struct queued *m);
int64_t plan_due(const struct queued *m);

/* table.c */
FALLIBLE table_make_room(struct queue *q);
void table_add(struct queue *q, struct queued *m);
void table_remove(struct queue *q, const struct queued *m);

/* message.c */
FALLIBLE message_new(const struct message_record *r, uint64_t id,
	struct queued **out);
void message_free(struct queued *m);
FALLIBLE message_set_route(struct queued *m, struct span host, uint16_t port);
FALLIBLE message_set_state(struct queued *m, const struct state_record *s);
