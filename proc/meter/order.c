/* order.c -- what the operator wants to know or to release. */
#include "proc/meter/meter.h"
#include "sys/clock.h"
#include "sys/log.h"

/* The limit `n` of whom was asked about; false when there is no counter. */
static bool
show(struct meter_process *p, const struct limit_subject *who,
	enum limit_number n, struct limit_shown *out)
{
	const struct limit_row *row = limit_row(n);
	struct rate r = p->limits.rates.at[row->dim][row->unit];
	struct meter *m = limits_find(&p->limits, who, row->dim);

	if (!m)
		return false;
	/* draining is all that this does */
	(void)bucket_has_room(
		&m->buckets[row->unit], r, 1, clock_instant().us / 1000);
	out->limit = n;
	out->used = m->buckets[row->unit].used;
	out->most = r.most;
	out->refused = m->refused;
	out->held = m->held;
	return true;
}

static uint64_t
show_all(struct meter_process *p, struct channel *c,
	const struct limit_subject *who, uint32_t serial)
{
	uint64_t count = 0;

	for (enum limit_number n = 0; n < LIMITS; n++) {
		struct limit_shown row = { .head = { .type = LIMIT_SHOWN,
						   .serial = serial } };

		if (show(p, who, n, &row) && !channel_send(c, &row, -1))
			count++;
	}
	return count;
}

static uint64_t
release(struct meter_process *p, uint32_t account)
{
	if (!limits_release(&p->limits, account))
		return 0;
	LOG(EV_ACCOUNT_RELEASED, 0, log_number(account));
	return 1;
}

void
order_obey(
	struct meter_process *p, struct channel *c, const struct limit_order *m)
{
	struct limit_subject who = { .account = m->account,
		.has_peer = m->has_peer != 0 };
	struct ctl_done done = { .head = { .type = CTL_DONE,
					 .serial = m->head.serial } };

	memcpy(who.peer, m->peer, sizeof who.peer);
	if (m->domain_len <= sizeof m->domain)
		who.domain = span_at(m->domain, m->domain_len);
	done.count = m->verb == LIMIT_RELEASE
		? release(p, m->account)
		: show_all(p, c, &who, m->head.serial);
	if (channel_send(c, &done, -1))
		return;
}
