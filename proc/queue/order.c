/* order.c -- what the operator wants to see or to be done. */
#include <string.h>

#include "lib/base/number.h"
#include "proc/queue/queue.h"
#include "sys/clock.h"
#include "sys/log.h"

static FALLIBLE
answer(struct channel *c, uint32_t serial, uint64_t count,
	const struct fault *f)
{
	struct ctl_done m = { .head = { .type = CTL_DONE, .serial = serial },
		.fault = fault_number(f),
		.count = count };

	return channel_send(c, &m, -1);
}

/* --- lists --------------------------------------------------------------- */

static FALLIBLE
show(struct channel *c, uint32_t serial, const struct queued *q,
	const struct queue_rcpt *r)
{
	struct queue_row m = { .head = { .type = QUEUE_ROW, .serial = serial,
				       .session = q->session },
		.id = q->id,
		.size = q->size,
		.arrived_us = q->arrived_us,
		.next_us = r->next_us,
		.attempts = r->attempts,
		.state = q->held ? QUEUE_ROW_HELD : r->state,
		.sender_len = (uint16_t)q->sender.len,
		.rcpt_len = (uint16_t)r->address.len };

	memcpy(m.sender, q->sender.at, q->sender.len);
	memcpy(m.rcpt, r->address.at, r->address.len);
	m.last.code = r->code;
	m.last.text_len = r->text_len;
	memcpy(m.last.enhanced, r->enhanced, sizeof m.last.enhanced);
	if (r->text_len > 0)
		memcpy(m.last.text, r->text, r->text_len);
	return channel_send(c, &m, -1);
}

/* The message of the next row; NULL: that was all.  What went meanwhile is left
 * out. */
static struct queued *
next_shown(struct queue_process *p, struct listing *l)
{
	struct queued *q = queue_find(p->queue, l->id);

	if (q && l->rcpt < q->count)
		return q;
	if (l->only)
		return NULL;
	q = queue_after(p->queue, l->id);
	if (q) {
		l->id = q->id;
		l->rcpt = 0;
	}
	return q;
}

static FALLIBLE
show_rest(struct queue_process *p, struct listing *l)
{
	const struct queued *q;

	for (; (q = next_shown(p, l)); l->rcpt++, l->count++)
		TRY(show(l->asker, l->serial, q, &q->rcpts[l->rcpt]));
	return answer(l->asker, l->serial, l->count,
		l->only && l->count == 0 ? &fault_record_unknown : OK);
}

static struct listing *
find(struct queue_process *p, const struct channel *asker)
{
	for (size_t i = 0; i < LISTINGS; i++)
		if (p->listings[i].asker == asker)
			return &p->listings[i];
	return NULL;
}

static void
go_on(void *owner, struct channel *c)
{
	struct queue_process *p = owner;
	struct listing *l = find(p, c);

	if (!l)
		return;
	if (show_rest(p, l) == &fault_ipc_busy)
		channel_on_room(c, go_on);
	else
		l->asker = NULL;
}

/* A long list is more than a channel holds, and others wait meanwhile. */
static FALLIBLE
begin_list(struct queue_process *p, struct channel *c,
	const struct queue_order *m)
{
	struct listing *l = find(p, c) ? NULL : find(p, NULL);

	if (!l)
		return &fault_ipc_busy;
	*l = (struct listing){ .asker = c,
		.serial = m->head.serial,
		.only = m->id != 0,
		.id = m->id };
	go_on(p, c);
	return OK;
}

void
order_forget_asker(struct queue_process *p, const struct channel *c)
{
	struct listing *l = find(p, c);

	if (l)
		l->asker = NULL;
}

/* --- deeds --------------------------------------------------------------- */

static FALLIBLE
retry(struct queue_process *p, struct queued *q)
{
	queue_retry(p->queue, q, clock_instant());
	return OK;
}

static FALLIBLE
drop(struct queue_process *p, struct queued *q)
{
	return q->at_work || q->reporting ? &fault_ipc_busy
					  : queue_remove(p->queue, q);
}

static FALLIBLE
hold(struct queue_process *p, struct queued *q)
{
	return queue_hold(p->queue, q, true);
}

static FALLIBLE
let_go(struct queue_process *p, struct queued *q)
{
	return queue_hold(p->queue, q, false);
}

static const struct deed {
	const char *name; /* NULL: no deed */
	const struct fault *(*act)(struct queue_process *p, struct queued *q);
} deeds[] = {
	[QUEUE_RETRY] = { "retry", retry },
	[QUEUE_DROP] = { "drop", drop },
	[QUEUE_HOLD] = { "hold", hold },
	[QUEUE_RELEASE] = { "release", let_go },
};

static FALLIBLE
act(struct queue_process *p, const struct deed *d, struct queued *q,
	uint64_t *count)
{
	uint64_t session = q->session, id = q->id;

	TRY(d->act(p, q));
	LOG(EV_QUEUE_ORDERED, session, log_text(span_of(d->name)), log_id(id));
	++*count;
	return OK;
}

/* Who is at work is left out. */
static FALLIBLE
act_on_all(struct queue_process *p, const struct deed *d, uint64_t *count)
{
	for (struct queued *q = queue_next(p->queue, NULL), *next; q;
		q = next) {
		const struct fault *f;

		next = queue_next(p->queue, q);
		f = act(p, d, q, count);
		if (f && f != &fault_ipc_busy)
			return f;
	}
	return OK;
}

static FALLIBLE
obey(struct queue_process *p, const struct queue_order *m, uint64_t *count)
{
	const struct deed *d = &deeds[m->verb];
	struct queued *q;

	if (m->id == 0)
		return act_on_all(p, d, count);
	q = queue_find(p->queue, m->id);
	return q ? act(p, d, q, count) : &fault_record_unknown;
}

void
order_take(struct queue_process *p, struct channel *c,
	const struct queue_order *m)
{
	const struct fault *f = &fault_ipc_malformed;
	uint64_t count = 0;

	if (m->verb == QUEUE_LIST || m->verb == QUEUE_SHOW) {
		f = begin_list(p, c, m);
		if (!f)
			return;
	} else if (m->verb < COUNT_OF(deeds) && deeds[m->verb].name) {
		p->dirty = true;
		f = obey(p, m, &count);
		if (!f)
			f = queue_commit(p->queue);
	}
	if (f == &fault_storage_failed)
		storage_is_broken(p, f);
	/* whoever is gone asks again */
	if (answer(c, m->head.serial, count, f))
		return;
}
