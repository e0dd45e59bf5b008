/* place.c -- where mail goes, and how much of it at one moment.
 *
 * A place exists while somebody works for it or waits for it.  A message that
 * finds it full stands in its line, out of the schedule: however long the line
 * of a dead place is, it costs other places nothing. */
#include <string.h>

#include "lib/base/must.h"
#include "lib/mail/address.h"
#include "proc/queue/queue.h"

#define SMTP_PORT 25

static const struct site *
site(const struct queue_process *p)
{
	return site_of(p->role);
}

bool
same_place(const struct place_name *a, const struct place_name *b)
{
	return a->named == b->named && a->port == b->port && a->len == b->len &&
		memcmp(a->octets, b->octets, a->len) == 0;
}

static void
set_name(struct place_name *out, bool named, struct span name, uint32_t port)
{
	out->named = named;
	out->port = (uint16_t)port;
	out->len = (uint16_t)name.len;
	for (size_t i = 0; i < name.len; i++)
		out->octets[i] = octet_lower(name.at[i]);
}

/* The operator's word for this message, then the settings', where each attempt
 * takes the next of several smarthosts, then the DNS. */
bool
place_of(const struct queue_process *p, const struct queued *q,
	const struct queue_rcpt *rcpt, struct place_name *out)
{
	const struct queue_route *r = q->route;
	const struct site *s = site(p);
	const struct site_smarthost *h;
	uint8_t room[DOMAIN_MAX];
	struct buf domain = BUF(room);
	struct address a;

	if (r) {
		set_name(out, true, span_at(r->host, r->len), r->port);
		return true;
	}
	if (s->smarthosts_count > 0) {
		h = &s->smarthosts[rcpt->attempts % s->smarthosts_count];
		set_name(out, true, SITE_TEXT(h->name), h->port);
		return true;
	}
	if (address_parse_utf8(rcpt->address, &a) || a.is_literal ||
		!put_domain(&domain, a.domain))
		return false;
	set_name(out, false, buf_view(&domain), SMTP_PORT);
	return true;
}

struct destination *
place_find(struct queue_process *p, const struct place_name *name)
{
	for (uint32_t i = 0; i < pool_size(p->places); i++) {
		struct destination *place = pool_at(p->places, i);

		if (place && same_place(&place->name, name))
			return place;
	}
	return NULL;
}

struct destination *
place_enter(struct queue_process *p, const struct place_name *name)
{
	struct destination *place = place_find(p, name);
	uint32_t slot;

	if (pool_used(p->jobs) >= site(p)->relay_connections)
		return NULL;
	if (place && place->jobs >= site(p)->relay_per_host)
		return NULL;
	if (!place) {
		place = pool_take(p->places, &slot);
		if (!place)
			return NULL;
		place->name = *name;
		place->slot = slot;
	}
	place->jobs++;
	return place;
}

static void
forget_unused(struct queue_process *p, struct destination *place)
{
	if (place->jobs == 0 && place->line.count == 0)
		pool_give(p->places, place->slot);
}

void
place_leave(struct queue_process *p, struct destination *place)
{
	MUST(place->jobs > 0);
	place->jobs--;
	place_call(p, place);
}

void
place_call(struct queue_process *p, struct destination *place)
{
	for (uint32_t n = place->jobs;
		n < site(p)->relay_per_host && place->line.count > 0; n++)
		queue_line_call(p->queue, &place->line);
	forget_unused(p, place);
}

void
place_call_all(struct queue_process *p)
{
	for (uint32_t i = 0; i < pool_size(p->places); i++) {
		struct destination *place = pool_at(p->places, i);

		if (place)
			place_call(p, place);
	}
}
