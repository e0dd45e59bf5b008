#include <string.h>

#include "proc/queue/queue.h"
#include "sys/clock.h"
#include "sys/log.h"

static void
show(struct channel *c, uint32_t serial, const struct queued *q,
	const struct queue_rcpt *r, uint64_t *count)
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
	if (!channel_send(c, &m, -1))
		++*count;
}

static const struct fault *
obey(struct queue_process *p, struct channel *c, const struct queue_order *m,
	struct queued *q, uint64_t *count)
{
	static const char *const names[] = { "", "list", "show", "retry",
		"drop", "hold", "release" };

	if (m->verb == QUEUE_LIST || m->verb == QUEUE_SHOW) {
		for (uint32_t i = 0; i < q->count; i++)
			show(c, m->head.serial, q, &q->rcpts[i], count);
		return OK;
	}
	LOG(EV_QUEUE_ORDERED, q->session, log_text(span_of(names[m->verb])),
		log_id(q->id));
	++*count;
	p->dirty = true;
	switch (m->verb) {
	case QUEUE_RETRY:
		queue_retry(p->queue, q, clock_instant());
		return OK;
	case QUEUE_DROP:
		return q->at_work || q->reporting ? &fault_ipc_busy
						  : queue_remove(p->queue, q);
	case QUEUE_HOLD:
		return queue_hold(p->queue, q, true);
	default:
		return queue_hold(p->queue, q, false);
	}
}

void
order_take(struct queue_process *p, struct channel *c,
	const struct queue_order *m)
{
	struct ctl_done done = { .head = { .type = CTL_DONE,
					 .serial = m->head.serial } };
	const struct fault *f = OK;

	if (m->verb < QUEUE_LIST || m->verb > QUEUE_RELEASE)
		f = &fault_ipc_malformed;
	for (struct queued *q = queue_next(p->queue, NULL), *next; q && !f;
		q = next) {
		next = queue_next(p->queue, q);
		if (m->id == 0 || m->id == q->id)
			f = obey(p, c, m, q, &done.count);
	}
	if (!f && m->id != 0 && done.count == 0)
		f = &fault_record_unknown;
	if (f == &fault_storage_failed)
		storage_is_broken(p, f);
	done.fault = fault_number(f);
	if (channel_send(c, &done, -1))
		return;
}
