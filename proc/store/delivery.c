/* delivery.c -- a message for accounts here: opened, its recipients, done. */
#include "lib/base/must.h"
#include "proc/store/keeper.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define RCPTS_IN_BLOCK \
	(ARENA_LARGEST / ((sizeof(struct rcpt) + ADDRESS_MAX + 15) / 16 * 16))

static struct sender *
sender_of(struct channel *c)
{
	struct sender *s = channel_data(c);

	MUST(s); /* the gate lets nobody else deliver */
	return s;
}

static struct delivery_key
key_of(const struct sender *s, const struct head *h)
{
	return (struct delivery_key){ s->slot, h->session, h->serial };
}

static struct delivery *
find(struct keeper *k, struct channel *c, const struct head *h)
{
	struct delivery_key key = key_of(sender_of(c), h);
	uint32_t i = table_find(&k->delivery_table, span_at(&key, sizeof key));

	return i == TABLE_NONE ? NULL : &k->deliveries[i];
}

static void
forget(struct keeper *k, struct delivery *d)
{
	list_remove(&d->by_age);
	k->blocks_left += d->blocks;
	d->from->blocks -= d->blocks;
	fd_close(&d->body);
	arena_reset(&d->memory);
	table_erase(&k->delivery_table, (uint32_t)(d - k->deliveries));
}

void
sender_begin(struct keeper *k, struct channel *c)
{
	uint32_t slot;
	struct sender *s = pool_take(k->senders, &slot);

	if (!s) {
		channel_close(&c); /* there are fewer roles that deliver */
		return;
	}
	*s = (struct sender){ .channel = c, .slot = slot };
	channel_set_data(c, s);
}

void
sender_end(struct keeper *k, struct channel *c)
{
	struct sender *s = sender_of(c);

	EACH_LINK(at, &k->begun) {
		struct delivery *d = HOLDER(at, struct delivery, by_age);

		if (d->from == s)
			forget(k, d);
	}
	channel_set_data(c, NULL);
	pool_give(k->senders, s->slot);
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

/* What would leave the others less than this sender has is refused. */
static struct delivery *
make(struct keeper *k, struct sender *s, const struct deliver_open *m)
{
	uint32_t blocks = (m->rcpts - 1) / (uint32_t)RCPTS_IN_BLOCK + 1, i;
	struct delivery_key key = key_of(s, &m->head);
	struct delivery *d;

	if (s->blocks + 2 * blocks > k->blocks_left)
		return NULL;
	i = table_insert(&k->delivery_table, span_at(&key, sizeof key));
	MUST(i != TABLE_NONE); /* as many as there are blocks */
	d = &k->deliveries[i];
	*d = (struct delivery){ .key = key,
		.from = s,
		.open = *m,
		.began = clock_tick(),
		.body = -1,
		.blocks = blocks };
	d->last = &d->first;
	arena_init(&d->memory, &k->rcpt_memory, (size_t)blocks * ARENA_BLOCK);
	list_append(&k->begun, &d->by_age);
	s->blocks += blocks;
	k->blocks_left -= blocks;
	return d;
}

void
delivery_open(void *keeper, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int body = fd;
	const struct deliver_open *m = message;
	struct keeper *k = keeper;
	struct delivery *d;

	if (m->rcpts == 0 || m->rcpts > RCPTS_MAX ||
		m->sender_len > ADDRESS_MAX) {
		answer(k, c, &m->head, &fault_ipc_malformed, 0);
		return;
	}
	d = find(k, c, &m->head);
	if (d) /* who begins again gave up what he began */
		forget(k, d);
	if (list_is_empty(&k->begun))
		timer_set(k->overdue, RCPTS_WAIT);
	d = k->stopping ? NULL : make(k, sender_of(c), m);
	if (d)
		d->body = fd_give(&body);
	else
		answer(k, c, &m->head, &fault_ipc_busy, 0);
}

void
deliveries_give_up(struct keeper *k, struct tick now)
{
	EACH_LINK(at, &k->begun) {
		struct delivery *d = HOLDER(at, struct delivery, by_age);
		int64_t left = d->began.us + RCPTS_WAIT - now.us;

		if (left > 0) {
			timer_set(k->overdue, left);
			return;
		}
		answer(k, d->from->channel, &d->open.head, &fault_ipc_busy, 0);
		forget(k, d);
	}
}

static FALLIBLE
add_rcpt(struct delivery *d, const struct deliver_rcpt *m)
{
	void *at;
	struct rcpt *r;
	struct span address = span_at(m->address, m->address_len);

	if (m->address_len > ADDRESS_MAX || m->has_dkey > 1)
		return &fault_ipc_malformed;
	TRY(arena_take(&d->memory, sizeof *r + address.len, &at));
	r = at;
	*r = (struct rcpt){ .rcpt = { .account = m->account,
				    .address = span_at(r->address, address.len),
				    .has_dkey = m->has_dkey } };
	memcpy(r->address, address.at, address.len);
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
		answer(k, d->from->channel, &d->open.head, f, id);
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
