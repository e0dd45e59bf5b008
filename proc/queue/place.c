/* place.c -- where mail goes, and how much of it at one moment.
 *
 * How much is what lib/sched/window.h says of it, up to the settings.  A message
 * that finds a place full or closed stands in its line, out of the schedule: the
 * line of a dead place, however long, costs others nothing, and one message of
 * it finds out whether the place is back.  A restart forgets what was found
 * out. */
#include <string.h>

#include "lib/base/must.h"
#include "lib/mail/address.h"
#include "lib/policy/reason.h"
#include "proc/queue/queue.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/log.h"

#define SMTP_PORT 25

static const struct site *
site(const struct queue_process *p)
{
	return site_of(p->role);
}

static struct span
key_of(const struct place_name *name)
{
	return span_at((const uint8_t *)name,
		offsetof(struct place_name, octets) + name->len);
}

static struct span
key_at(const void *places, uint32_t i)
{
	return key_of(&((const struct destination *)places)[i].name);
}

FALLIBLE
places_open(struct queue_process *p)
{
	struct places *all = &p->places;
	struct siphash_key key;

	all->at = pool_storage(PLACES_MAX * sizeof *all->at);
	all->slots = pool_storage(PLACES_MAX * sizeof *all->slots);
	if (!all->at || !all->slots)
		return &fault_sys_failed;
	random_octets(key.octets, sizeof key.octets);
	table_init(&all->table, all->slots, PLACES_MAX, &key, key_at, all->at);
	list_init(&all->lines);
	list_init(&all->unused);
	return OK;
}

bool
same_place(const struct place_name *a, const struct place_name *b)
{
	return span_equals(key_of(a), key_of(b));
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

/* Each attempt takes the next of several, leaving out those that are closed,
 * unless all are. */
static void
set_smarthost(const struct queue_process *p, const struct queue_rcpt *rcpt,
	struct place_name *out)
{
	const struct site *s = site(p);

	for (uint32_t i = 0; i <= s->smarthosts_count; i++) {
		const struct site_smarthost *h = &s->smarthosts[
			(rcpt->attempts + i) % s->smarthosts_count];
		const struct destination *place;

		set_name(out, true, SITE_TEXT(h->name), h->port);
		place = place_find(p, out);
		if (!place || !place_is_closed(place))
			return;
	}
}

/* What is wished only and failed is left out at the next attempt; then it is
 * wished again. */
static enum tls_policy
soften(enum tls_policy policy, const struct queue_rcpt *r)
{
	enum reason last = reason_of(r->code,
		span_of((const char *)r->enhanced),
		span_at(r->text, r->text_len));

	return policy == TLS_OPPORTUNISTIC && last == REASON_TLS ? TLS_NONE
								 : policy;
}

/* The policy for mail that goes to `domain` by `route` (NULL: by no route).  What
 * a domain says about itself, by TLSA records (RFC 7672) or MTA-STS (RFC 8461),
 * can only be stricter and comes in here. */
static enum tls_policy
tls_of(const struct queue_process *p, const struct site_route *route)
{
	return route && route->tls != SITE_TLS_UNSAID
		? (enum tls_policy)route->tls
		: (enum tls_policy)site(p)->relay_tls;
}

/* A message to one recipient, as routes see it. */
struct way {
	struct span sender, domain;
	uint32_t attempt; /* the next one, from 1 */
};

static struct span
domain_of(struct span address)
{
	size_t at = address.len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	return span_at(address.at + at, address.len - at);
}

static bool
is_from(struct span sender, struct span from)
{
	bool whole = span_find_octet(from, '@') < from.len;

	return from.len == 0 ||
		span_equals_nocase(whole ? sender : domain_of(sender), from);
}

static bool
is_to(struct span domain, struct span to)
{
	if (to.len > 0 && to.at[0] == '.' && domain.len > to.len)
		domain = span_at(domain.at + domain.len - to.len, to.len);
	return to.len == 0 || span_equals_nocase(domain, to);
}

static const struct site_route *
route_of(const struct queue_process *p, const struct way *w)
{
	const struct site *s = site(p);

	for (uint32_t i = 0; i < s->routes_count; i++) {
		const struct site_route *r = &s->routes[i];

		if (w->attempt >= r->attempt &&
			is_from(w->sender, SITE_TEXT(r->from)) &&
			is_to(w->domain, SITE_TEXT(r->to)))
			return r;
	}
	return NULL;
}

/* By a route of the settings, else by a smarthost, else by the DNS; false: there
 * is no domain to ask the DNS for. */
static bool
set_way(const struct queue_process *p, const struct queue_rcpt *rcpt,
	const struct way *w, struct place_name *out)
{
	const struct site_route *r = route_of(p, w);

	*out = (struct place_name){
		.tls = (uint8_t)soften(tls_of(p, r), rcpt) };
	if (r && r->host.name[0] != 0)
		set_name(out, true, SITE_TEXT(r->host.name), r->host.port);
	else if (!r && site(p)->smarthosts_count > 0)
		set_smarthost(p, rcpt, out);
	else
		set_name(out, false, w->domain, SMTP_PORT);
	return out->len > 0;
}

/* The operator's word for this message, then the settings'.  Who waits for a
 * place that is closed has made its attempts by others. */
bool
place_of(const struct queue_process *p, const struct queued *q,
	const struct queue_rcpt *rcpt, struct place_name *out)
{
	const struct queue_route *r = q->route;
	const struct destination *place;
	uint8_t room[DOMAIN_MAX];
	struct buf domain = BUF(room);
	struct way w = { .sender = q->sender, .attempt = rcpt->attempts + 1 };
	struct address a;

	if (r) {
		*out = (struct place_name){
			.tls = (uint8_t)soften(tls_of(p, NULL), rcpt) };
		set_name(out, true, span_at(r->host, r->len), r->port);
		return true;
	}
	if (!address_parse_utf8(rcpt->address, &a) && !a.is_literal &&
		put_domain(&domain, a.domain))
		w.domain = buf_view(&domain);
	if (!set_way(p, rcpt, &w, out))
		return false;
	place = place_find(p, out);
	if (!place || !place_is_closed(place) ||
		w.attempt > place->window.closings + 1)
		return true;
	w.attempt = place->window.closings + 2;
	return set_way(p, rcpt, &w, out);
}

/* --- the places we know -------------------------------------------------- */

struct destination *
place_find(const struct queue_process *p, const struct place_name *name)
{
	uint32_t i = table_find(&p->places.table, key_of(name));

	return i == TABLE_NONE ? NULL : &p->places.at[i];
}

static void
set_in(struct list *list, struct list *link, bool in)
{
	if (!in)
		list_remove(link);
	else if (list_is_empty(link))
		list_append(list, link);
}

/* In the lists where it belongs. */
static void
settle(struct queue_process *p, struct destination *place)
{
	bool waiting = place->line.count > 0;

	set_in(&p->places.lines, &place->in_lines, waiting);
	set_in(&p->places.unused, &place->in_unused,
		!waiting && place->jobs == 0);
}

/* Room for another one: who was not used for the longest goes. */
static void
forget_one(struct queue_process *p)
{
	struct places *all = &p->places;
	struct destination *place;

	if (list_is_empty(&all->unused))
		return;
	place = HOLDER(all->unused.next, struct destination, in_unused);
	list_remove(&place->in_unused);
	table_erase(&all->table, (uint32_t)(place - all->at));
}

static struct destination *
make(struct queue_process *p, const struct place_name *name)
{
	struct places *all = &p->places;
	uint32_t i = table_insert(&all->table, key_of(name));

	if (i == TABLE_NONE) {
		forget_one(p);
		i = table_insert(&all->table, key_of(name));
	}
	if (i == TABLE_NONE)
		return NULL;
	all->at[i] = (struct destination){ .name = *name };
	window_init(&all->at[i].window);
	list_init(&all->at[i].in_lines);
	list_init(&all->at[i].in_unused);
	return &all->at[i];
}

static uint32_t
room(const struct queue_process *p, const struct destination *place)
{
	return window_room(&place->window, place->jobs,
		site(p)->relay_per_host, clock_tick());
}

struct destination *
place_enter(struct queue_process *p, const struct place_name *name)
{
	struct destination *place;

	if (pool_used(p->jobs) >= site(p)->relay_connections)
		return NULL;
	place = place_find(p, name);
	if (!place)
		place = make(p, name);
	if (!place || room(p, place) == 0)
		return NULL;
	place->jobs++;
	settle(p, place);
	return place;
}

static void
call(struct queue_process *p, struct destination *place)
{
	for (uint32_t n = room(p, place); n > 0 && place->line.count > 0; n--)
		queue_line_call(p->queue, &place->line);
	settle(p, place);
}

void
place_leave(struct queue_process *p, struct destination *place)
{
	MUST(place->jobs > 0);
	place->jobs--;
	call(p, place);
}

void
place_wait(struct queue_process *p, struct destination *place,
	struct queued *q)
{
	queue_line_join(p->queue, q, &place->line);
	settle(p, place);
}

const struct destination *
place_of_line(const struct queued *q)
{
	return q->line ? HOLDER(q->line, struct destination, line) : NULL;
}

struct tick
place_call_all(struct queue_process *p)
{
	struct tick first = { INT64_MAX };

	EACH_LINK (link, &p->places.lines) {
		struct destination *place =
			HOLDER(link, struct destination, in_lines);

		call(p, place);
		if (place->line.count > 0 && place_is_closed(place) &&
			place->window.open_at.us < first.us)
			first = place->window.open_at;
	}
	return first;
}

/* --- how it goes with them ----------------------------------------------- */

bool
place_is_closed(const struct destination *place)
{
	return window_is_closed(&place->window, clock_tick());
}

void
place_good(struct queue_process *p, struct destination *place)
{
	if (place->window.closings > 0)
		LOG(EV_PLACE_OPENED, 0,
			log_text(span_at(place->name.octets, place->name.len)),
			log_number(place->line.count));
	window_good(&place->window, site(p)->relay_per_host);
}

static bool
has_other_ways(const struct queue_process *p)
{
	bool found = site(p)->smarthosts_count > 1;

	for (uint32_t i = 0; i < site(p)->routes_count; i++)
		found |= site(p)->routes[i].attempt > 1;
	return found;
}

void
place_bad(struct queue_process *p, struct destination *place)
{
	const struct relay_reply *why = &place->last;
	uint32_t before = place->window.closings;
	struct tick now = clock_tick();

	window_bad(&place->window,
		siphash(&p->places.table.key, key_of(&place->name)), now);
	if (place->window.closings == before)
		return;
	if (has_other_ways(p)) /* who waits may go one of them now */
		while (place->line.count > 0)
			queue_line_call(p->queue, &place->line);
	LOG(EV_PLACE_CLOSED, 0,
		log_text(span_at(place->name.octets, place->name.len)),
		log_number((uint64_t)((place->window.open_at.us - now.us) /
			SECONDS(1))),
		log_number(place->line.count), log_number(why->code),
		log_text(span_at(why->text,
			why->text_len <= sizeof why->text ? why->text_len
							  : 0)));
}

void
place_open(struct queue_process *p, const struct place_name *name,
	struct tick began)
{
	struct destination *place = place_find(p, name);

	if (!place || place->opened.us >= began.us)
		return;
	place->opened = began;
	window_open(&place->window);
}
