#include <string.h>

#include "proc/queue/queue.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#define ENVELOPE (2u << 20) /* octets of an envelope */

/* What is not whole yet.  An asker hands a message over in one go, so it has one
 * such, and what another follows was broken off. */
static struct incoming *
find_begun(struct queue_process *p, struct channel *c)
{
	for (uint32_t i = 0; i < pool_size(p->incoming); i++) {
		struct incoming *in = pool_at(p->incoming, i);

		if (in && in->asker == c && !in->whole)
			return in;
	}
	return NULL;
}

static void
forget(struct queue_process *p, struct incoming *in)
{
	fd_close(&in->body);
	arena_reset(&in->arena);
	pool_give(p->incoming, in->slot);
}

static FALLIBLE
answer(struct channel *c, const struct head *head, uint64_t id,
	const struct fault *f)
{
	struct enqueue_done m = { .head = { .type = ENQUEUE_DONE,
					  .serial = head->serial,
					  .session = head->session },
		.id = id,
		.fault = fault_number(f) };

	return channel_send(c, &m, -1);
}

/* It was not taken in, so a session that does not hear of it loses nothing. */
static void
refuse(struct channel *c, const struct head *head, const struct fault *f)
{
	if (answer(c, head, 0, f))
		return;
}

/* All of it is here: into the journal. */
static void
complete(struct queue_process *p, struct incoming *in)
{
	struct queued *q;

	in->whole = true;
	in->fault = queue_add(p->queue, &in->open, in->rcpts, in->body,
		clock_instant(), &q);
	if (!in->fault) {
		in->id = q->id;
		q->from = (uint8_t)channel_peer(in->asker);
	}
	fd_close(&in->body);
	p->dirty = true;
	if (in->fault == &fault_grant_missing ||
		in->fault == &fault_login_ended ||
		in->fault == &fault_verdict_missing ||
		in->fault == &fault_verdict_mismatch)
		LOG(EV_RELAY_DENIED, in->open.head.session,
			log_fault(in->fault));
}

void
take_open(struct queue_process *p, struct channel *c,
	const struct enqueue_open *m, int body)
{
	OWNED(fd_close) int fd = body;
	struct incoming *in = find_begun(p, c);
	uint32_t slot;

	if (in)
		forget(p, in);
	in = p->stopping ? NULL : pool_take(p->incoming, &slot);
	if (!in) {
		refuse(c, &m->head, &fault_ipc_busy);
		return;
	}
	in->asker = c;
	in->open = *m;
	in->slot = slot;
	in->body = fd_give(&fd);
	arena_init(&in->arena, &p->arenas, ENVELOPE);
	if (m->rcpts == 0 || m->rcpts > QUEUE_RCPTS_MAX) {
		refuse(c, &m->head, &fault_ipc_malformed);
		forget(p, in);
	}
}

static FALLIBLE
keep_rcpt(struct incoming *in, const struct enqueue_rcpt *m)
{
	struct rcpt_record *r = &in->rcpts[in->count];

	TRY(arena_copy(&in->arena, span_at(m->address, m->address_len),
		&r->address));
	r->notify = m->wish.notify;
	return arena_copy(&in->arena,
		span_at(m->wish.orcpt, m->wish.orcpt_len), &r->orcpt);
}

void
take_rcpt(struct queue_process *p, struct channel *c,
	const struct enqueue_rcpt *m)
{
	struct incoming *in = find_begun(p, c);

	if (!in || in->open.head.serial != m->head.serial ||
		in->open.head.session != m->head.session ||
		m->address_len > sizeof m->address ||
		m->wish.orcpt_len > sizeof m->wish.orcpt)
		return;
	if (keep_rcpt(in, m)) {
		refuse(c, &m->head, &fault_queue_full);
		forget(p, in);
		return;
	}
	if (++in->count == in->open.rcpts)
		complete(p, in);
}

static void
log_queued(struct queue_process *p, const struct incoming *in)
{
	const struct queued *q = queue_find(p->queue, in->id);

	if (q) /* the operator may have dropped it already */
		LOG(EV_QUEUED, q->session, log_id(q->id), log_text(q->sender),
			log_number(q->count), log_number(q->size),
			log_number(q->account));
}

/* Tell those of whom the journal was: of `c`, or of everybody. */
static bool
tell(struct queue_process *p, struct channel *c)
{
	bool all = true;

	for (uint32_t i = 0; i < pool_size(p->incoming); i++) {
		struct incoming *in = pool_at(p->incoming, i);

		if (!in || !in->over || (c && in->asker != c))
			continue;
		if (answer(in->asker, &in->open.head, in->fault ? 0 : in->id,
			    in->fault) == &fault_ipc_busy)
			all = false;
		else
			forget(p, in);
	}
	return all;
}

static void
go_on(void *owner, struct channel *c)
{
	if (tell(owner, c))
		channel_pause(c, false);
	else
		channel_on_room(c, go_on);
}

/* An asker that does not read its answers is not listened to until it does; so
 * those that wait are never more than one turn brings. */
static void
wait_for_room(struct queue_process *p)
{
	for (uint32_t i = 0; i < pool_size(p->incoming); i++) {
		struct incoming *in = pool_at(p->incoming, i);

		if (!in || !in->over)
			continue;
		channel_pause(in->asker, true);
		channel_on_room(in->asker, go_on);
	}
}

/* The commit was made, or failed. */
void
take_answer_all(struct queue_process *p, const struct fault *f)
{
	for (uint32_t i = 0; i < pool_size(p->incoming); i++) {
		struct incoming *in = pool_at(p->incoming, i);

		if (!in || !in->whole || in->over)
			continue;
		in->over = true;
		if (!in->fault)
			in->fault = f;
		if (!in->fault)
			log_queued(p, in);
	}
	if (!tell(p, NULL))
		wait_for_room(p);
}

/* Only the session that handed it in, and only before it goes out.  The number of
 * a session can be guessed, the process that it is of cannot be another. */
static struct queued *
find_awaited(struct queue_process *p, const struct channel *c,
	const struct enqueue_end *m)
{
	struct queued *q = queue_find(p->queue, m->id);

	return q && q->awaited && q->from == channel_peer(c) &&
			q->session == m->head.session
		? q
		: NULL;
}

void
take_keep(struct queue_process *p, const struct channel *c,
	const struct enqueue_end *m)
{
	struct queued *q = find_awaited(p, c, m);

	if (q)
		queue_keep(p->queue, q);
}

void
take_cancel(struct queue_process *p, const struct channel *c,
	const struct enqueue_end *m)
{
	struct queued *q = find_awaited(p, c, m);

	if (!q)
		return;
	p->dirty = true;
	if (queue_remove(p->queue, &q, 1))
		storage_is_broken(p, &fault_storage_failed);
}

void
take_forget_asker(struct queue_process *p, struct channel *c)
{
	for (uint32_t i = 0; i < pool_size(p->incoming); i++) {
		struct incoming *in = pool_at(p->incoming, i);

		if (!in || in->asker != c)
			continue;
		in->asker = NULL;
		if (!in->whole || in->over)
			forget(p, in);
	}
}

void
take_forget_begun(struct queue_process *p)
{
	for (uint32_t i = 0; i < pool_size(p->incoming); i++) {
		struct incoming *in = pool_at(p->incoming, i);

		if (in && !in->whole)
			forget(p, in);
	}
}
