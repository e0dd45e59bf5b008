/* order.c -- what the operator wants to see or to be done.
 *
 * An order walks through the queue by the numbers of the messages, a piece each
 * turn, so that mail goes on however long the queue is.  What it does in one
 * turn is one record of the journal, and the whole of it one event. */
#include <string.h>

#include "lib/base/number.h"
#include "proc/queue/queue.h"
#include "sys/clock.h"
#include "sys/log.h"

#define TURN_MESSAGES QUEUE_BATCH /* looked at before others have their turn */

static FALLIBLE
answer(struct channel *c, uint32_t serial, uint64_t count,
	const struct fault *f)
{
	struct ctl_done m = { .head = { .type = CTL_DONE, .serial = serial },
		.fault = fault_number(f),
		.count = count };

	return channel_send(c, &m, -1);
}

/* The next message to look at; NULL: that was all.  What went meanwhile is left
 * out. */
static struct queued *
next(struct queue_process *p, struct errand *e)
{
	struct queued *q;

	if (e->order.id > 0)
		q = e->id == 0 ? queue_find(p->queue, e->order.id) : NULL;
	else
		q = queue_after(p->queue, e->id);
	if (q)
		e->id = q->id;
	return q;
}

static void
finish(struct errand *e, const struct fault *f)
{
	e->over = true;
	e->fault = f ? f
		: e->order.id > 0 && e->id == 0 ? &fault_record_unknown
						: OK;
}

/* --- lists --------------------------------------------------------------- */

static void
put_last(struct relay_reply *m, const struct queue_rcpt *r)
{
	m->code = r->code;
	m->text_len = r->text_len;
	memcpy(m->enhanced, r->enhanced, sizeof m->enhanced);
	if (r->text_len > 0)
		memcpy(m->text, r->text, r->text_len);
}

/* Who stands before a closed place is tried when that opens, and has not been for
 * the reason that closed it. */
static void
put_waiting(struct queue_row *m, const struct destination *place)
{
	m->next_us = clock_instant().us + place->window.open_at.us -
		clock_tick().us;
	if (m->state != QUEUE_ROW_PENDING)
		return;
	m->state = QUEUE_ROW_DEFERRED;
	m->last = place->last;
}

static FALLIBLE
show(struct channel *c, uint32_t serial, const struct queued *q,
	const struct queue_rcpt *r)
{
	const struct destination *place = place_of_line(q);
	bool open = r->state <= RCPT_DEFERRED;
	struct queue_row m = { .head = { .type = QUEUE_ROW, .serial = serial,
				       .session = q->session },
		.id = q->id,
		.size = q->size,
		.arrived_us = q->arrived_us,
		.next_us = r->next_us,
		.attempts = r->attempts,
		.state = q->held && open ? QUEUE_ROW_HELD
			: r->state == RCPT_RELAYED ? QUEUE_ROW_DONE
						   : r->state,
		.sender_len = (uint16_t)q->sender.len,
		.rcpt_len = (uint16_t)r->address.len };

	memcpy(m.sender, q->sender.at, q->sender.len);
	memcpy(m.rcpt, r->address.at, r->address.len);
	put_last(&m.last, r);
	if (place && open && place_is_closed(place))
		put_waiting(&m, place);
	return channel_send(c, &m, -1);
}

/* Its recipients from e->rcpt on. */
static FALLIBLE
show_message(struct errand *e, const struct queued *q, struct instant now)
{
	for (; e->rcpt < q->count; e->rcpt++) {
		const struct queue_rcpt *r = &q->rcpts[e->rcpt];

		if (!filter_rcpt(&e->order, q, r, now))
			continue;
		TRY(show(e->asker, e->order.head.serial, q, r));
		e->count++;
	}
	e->rcpt = 0;
	return OK;
}

static void
list(struct queue_process *p, struct errand *e, struct instant now)
{
	for (int i = 0; i < TURN_MESSAGES; i++) {
		struct queued *q = e->inside ? queue_find(p->queue, e->id)
					     : NULL;
		const struct fault *f;

		if (!q) {
			e->rcpt = 0;
			q = next(p, e);
		}
		if (!q) {
			finish(e, OK);
			return;
		}
		f = show_message(e, q, now);
		e->inside = f;
		if (f) {
			e->full = f == &fault_ipc_busy;
			e->over = !e->full;
			return;
		}
	}
}

/* --- deeds --------------------------------------------------------------- */

typedef const struct fault *deed(struct queue_process *p,
	const struct errand *e, struct queued *const *m, size_t n);

static FALLIBLE
retry(struct queue_process *p, const struct errand *e,
	struct queued *const *m, size_t n)
{
	struct place_name name;

	for (size_t i = 0; i < n; i++) {
		for (uint32_t r = 0; r < m[i]->count; r++)
			if (place_of(p, m[i], &m[i]->rcpts[r], &name))
				place_open(p, &name, e->began);
		queue_retry(p->queue, m[i], clock_instant());
	}
	return OK;
}

/* The end of a message is an event of its own, so that it can be traced. */
static FALLIBLE
drop(struct queue_process *p, const struct errand *e, struct queued *const *m,
	size_t n)
{
	(void)e;
	for (size_t i = 0; i < n; i++)
		LOG(EV_QUEUE_DONE, m[i]->session, log_id(m[i]->id));
	return queue_remove(p->queue, m, n);
}

static FALLIBLE
hold(struct queue_process *p, const struct errand *e, struct queued *const *m,
	size_t n)
{
	(void)e;
	return queue_hold(p->queue, m, n, true);
}

static FALLIBLE
let_go(struct queue_process *p, const struct errand *e,
	struct queued *const *m, size_t n)
{
	(void)e;
	return queue_hold(p->queue, m, n, false);
}

static FALLIBLE
set_route(struct queue_process *p, const struct errand *e,
	struct queued *const *m, size_t n)
{
	const struct queue_order *o = &e->order;

	TRY(queue_set_route(p->queue, m, n, span_at(o->host, o->host_len),
		o->port));
	return retry(p, e, m, n);
}

static const struct {
	const char *name; /* NULL: no deed */
	deed *act;
	bool idle; /* not while relay or a report is at work with it */
} deeds[] = {
	[QUEUE_RETRY] = { "retry", retry, false },
	[QUEUE_DROP] = { "drop", drop, true },
	[QUEUE_HOLD] = { "hold", hold, false },
	[QUEUE_RELEASE] = { "release", let_go, false },
	[QUEUE_ROUTE] = { "route", set_route, false },
};

static bool
is_deed(uint32_t verb)
{
	return verb < COUNT_OF(deeds) && deeds[verb].name;
}

/* Who is at work is left out, and said to be when it was named. */
static void
do_some(struct queue_process *p, struct errand *e, struct instant now)
{
	static struct queued *batch[TURN_MESSAGES];
	const struct fault *busy = OK;
	struct queued *q = NULL;
	size_t n = 0;

	for (int i = 0; i < TURN_MESSAGES && (q = next(p, e)); i++) {
		if (!filter_message(&e->order, q, now))
			continue;
		if (deeds[e->order.verb].idle && (q->at_work || q->reporting))
			busy = &fault_ipc_busy;
		else
			batch[n++] = q;
	}
	if (n > 0) {
		const struct fault *f =
			deeds[e->order.verb].act(p, e, batch, n);

		if (f)
			storage_is_broken(p, f);
		p->dirty = true;
		e->count += n;
	}
	if (!q)
		finish(e, e->order.id > 0 ? busy : OK);
}

static void
log_order(const struct errand *e)
{
	const struct queue_order *o = &e->order;

	LOG(EV_QUEUE_ORDERED, 0, log_text(span_of(deeds[o->verb].name)),
		log_id(o->id), log_number(e->count),
		log_text(span_at(o->sender, o->sender_len)),
		log_text(span_at(o->rcpt, o->rcpt_len)),
		log_text(span_at(o->reason, o->reason_len)));
}

/* --- errands ------------------------------------------------------------- */

static struct errand *
find(struct queue_process *p, const struct channel *asker)
{
	for (size_t i = 0; i < ERRANDS; i++)
		if (p->errands[i].asker == asker)
			return &p->errands[i];
	return NULL;
}

void
order_work(struct queue_process *p)
{
	struct instant now = clock_instant();

	for (size_t i = 0; i < ERRANDS; i++) {
		struct errand *e = &p->errands[i];

		if (!e->asker || e->full || e->over)
			continue;
		if (is_deed(e->order.verb))
			do_some(p, e, now);
		else
			list(p, e, now);
	}
}

static void
has_room(void *owner, struct channel *c)
{
	struct errand *e = find(owner, c);

	if (e)
		e->full = false; /* the turn goes on with it */
}

/* Whoever is gone asks again. */
void
order_answer(struct queue_process *p)
{
	for (size_t i = 0; i < ERRANDS; i++) {
		struct errand *e = &p->errands[i];

		if (!e->asker)
			continue;
		if (e->over && !e->full)
			e->full = answer(e->asker, e->order.head.serial,
					  e->count, e->fault) ==
				&fault_ipc_busy;
		if (e->full) {
			channel_on_room(e->asker, has_room);
		} else if (e->over) {
			if (is_deed(e->order.verb))
				log_order(e);
			e->asker = NULL;
		}
	}
}

bool
order_is_busy(const struct queue_process *p)
{
	for (size_t i = 0; i < ERRANDS; i++)
		if (p->errands[i].asker && !p->errands[i].full)
			return true;
	return false;
}

void
order_forget_asker(struct queue_process *p, const struct channel *c)
{
	struct errand *e = find(p, c);

	if (!e)
		return;
	if (is_deed(e->order.verb))
		log_order(e); /* as far as it came */
	e->asker = NULL;
}

void
order_take(struct queue_process *p, struct channel *c,
	const struct queue_order *m)
{
	bool known = m->verb == QUEUE_LIST || m->verb == QUEUE_SHOW ||
		is_deed(m->verb);
	struct errand *e = find(p, c) ? NULL : find(p, NULL);
	const struct fault *f = !e ? &fault_ipc_busy
		: !known || !order_is_sound(m) ? &fault_ipc_malformed
					       : OK;

	if (!f)
		*e = (struct errand){ .asker = c, .order = *m,
			.began = clock_tick() };
	else if (answer(c, m->head.serial, 0, f))
		return;
}
