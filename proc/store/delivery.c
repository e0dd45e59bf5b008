/* delivery.c -- a message for accounts here: opened, its recipients, done. */
#include "lib/base/must.h"
#include "proc/store/keeper.h"
#include "sys/fd.h"

static struct delivery *
find(struct keeper *k, struct channel *c, const struct head *h)
{
	for (struct delivery *d = k->begun; d; d = d->next)
		if (d->from == c && d->open.head.session == h->session &&
			d->open.head.serial == h->serial)
			return d;
	return NULL;
}

static void
forget(struct keeper *k, struct delivery *d)
{
	*d->link = d->next;
	if (d->next)
		d->next->link = d->link;
	fd_close(&d->body);
	arena_reset(&d->memory);
	pool_give(k->deliveries, d->slot);
}

void
deliveries_forget(struct keeper *k, struct channel *c)
{
	for (struct delivery *d = k->begun, *next; d; d = next) {
		next = d->next;
		if (d->from == c)
			forget(k, d);
	}
}

static void
answer(struct keeper *k, struct channel *c, const struct head *asked,
	const struct fault *f, uint64_t id)
{
	struct deliver_done m = { .head = *asked,
		.id = f ? 0 : id,
		.fault = fault_number(f) };

	m.head.type = DELIVER_DONE;
	answer_hold(k, c, &m, sizeof m);
}

void
delivery_open(void *keeper, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int body = fd;
	const struct deliver_open *m = message;
	struct keeper *k = keeper;
	struct delivery *d;
	uint32_t slot;

	if (m->rcpts == 0 || m->rcpts > RCPTS_MAX ||
		m->sender_len > ADDRESS_MAX) {
		answer(k, c, &m->head, &fault_ipc_malformed, 0);
		return;
	}
	d = find(k, c, &m->head);
	if (d) /* who begins again gave up what he began */
		forget(k, d);
	d = k->stopping ? NULL : pool_take(k->deliveries, &slot);
	if (!d) {
		answer(k, c, &m->head, &fault_ipc_busy, 0);
		return;
	}
	*d = (struct delivery){ .next = k->begun,
		.link = &k->begun,
		.from = c,
		.open = *m,
		.body = fd_give(&body),
		.slot = slot };
	d->last = &d->first;
	arena_init(&d->memory, &k->rcpt_memory,
		RCPTS_MAX * (sizeof(struct rcpt) + ADDRESS_MAX + 32));
	if (k->begun)
		k->begun->link = &d->next;
	k->begun = d;
}

static FALLIBLE
add_rcpt(struct delivery *d, const struct deliver_rcpt *m)
{
	void *at;
	struct rcpt *r;
	struct span address = span_at(m->address, m->address_len);

	if (m->address_len > ADDRESS_MAX || m->has_dkey > 1)
		return &fault_ipc_malformed;
	TRY(arena_take(&d->memory, sizeof *r, &at));
	r = at;
	TRY(arena_copy(&d->memory, address, &address));
	*r = (struct rcpt){ .rcpt = { .account = m->account,
				    .address = address,
				    .has_dkey = m->has_dkey } };
	memcpy(r->rcpt.dkey, m->dkey, sizeof m->dkey);
	*d->last = r;
	d->last = &r->next;
	return OK;
}

static void
remember(struct keeper *k, const struct delivery *d, uint64_t id,
	const struct store_rcpt *r)
{
	if (k->delivered_count == DELIVERED_MAX)
		answers_send(k);
	if (!k->store || r->uid == 0)
		return;
	k->delivered[k->delivered_count++] = (struct delivered){
		.session = d->open.head.session,
		.id = id,
		.size = d->open.size,
		.account = r->account,
		.uid = r->uid };
}

/* Every recipient is there. */
static void
finish(struct keeper *k, struct delivery *d)
{
	static struct store_rcpt rcpts[RCPTS_MAX];
	struct store_message m = { .fd = d->body,
		.size = d->open.size,
		.idate_us = d->open.arrived_us,
		.verdict = &d->open.verdict };
	const struct fault *f;
	uint64_t id = 0;
	size_t n = 0;

	for (const struct rcpt *r = d->first; r; r = r->next)
		rcpts[n++] = r->rcpt;
	f = store_deliver(k->store, &m,
		span_at(d->open.sender, d->open.sender_len), rcpts, n, &id);
	for (size_t i = 0; !f && k->store && i < n; i++)
		remember(k, d, id, &rcpts[i]);
	if (k->store)
		answer(k, d->from, &d->open.head, f, id);
	forget(k, d);
}

void
delivery_rcpt(void *keeper, struct channel *c, const void *message, int fd)
{
	const struct deliver_rcpt *m = message;
	struct keeper *k = keeper;
	struct delivery *d = find(k, c, &m->head);
	const struct fault *f;

	(void)fd;
	if (!d)
		return; /* refused when it was opened */
	f = add_rcpt(d, m);
	if (f) {
		answer(k, c, &m->head, f, 0);
		forget(k, d);
	} else if (++d->came == d->open.rcpts) {
		finish(k, d);
	}
}
