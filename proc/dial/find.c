#include <string.h>

#include "proc/dial/dial.h"
#include "sys/crypto.h"

#define NXDOMAIN 3

/* An answer finds its call again by the slot in the low bits of its serial; the
 * counter above tells a late answer from the one that is waited for. */
static uint32_t
new_question(struct call *c)
{
	return ++c->dial->questions * CALLS_MAX + c->slot;
}

static void
ask(struct call *c, enum call_at at, uint16_t kind, struct span name)
{
	struct dns_query m = { .head = { .type = DNS_QUERY,
				       .serial = new_question(c),
				       .session = c->request.head.session },
		.kind = kind,
		.name_len = (uint16_t)name.len };

	memcpy(m.name, name.at, name.len);
	c->at = at;
	c->question = m.head.serial;
	if (channel_send(c->dial->dns, &m, -1))
		call_fail(c, 451, "4.4.3", "Name service is away");
}

void
find_hosts(struct call *c)
{
	ask(c, CALL_MX, DNS_MX,
		span_at(c->request.host, c->request.host_len));
}

void
find_addresses(struct call *c)
{
	c->addresses.count = 0;
	c->address = 0;
	ask(c, CALL_AAAA, DNS_AAAA, host_name(call_host(c)));
}

/* --- answers ------------------------------------------------------------- */

static bool
is_missing(const struct dns_answer *m)
{
	return m->fault || m->bogus;
}

static void
take_mx(struct call *c, const struct dns_answer *m)
{
	uint64_t chance;

	if (is_missing(m)) {
		call_fail(c, 451, "4.4.3", "Domain has no answer now");
		return;
	}
	if (m->rcode == NXDOMAIN) {
		call_fail(c, 550, "5.1.2", "Domain does not exist");
		return;
	}
	random_octets(&chance, sizeof chance);
	switch (route_read(m, chance,
		SITE_TEXT(site_of(c->dial->role)->host), &c->route)) {
	case ROUTE_IMPLICIT:
		route_to(&c->route,
			span_at(c->request.host, c->request.host_len));
		find_addresses(c);
		return;
	case ROUTE_HOSTS:
		find_addresses(c);
		return;
	case ROUTE_NULL:
		call_fail(c, 556, "5.1.10", "Domain does not accept mail");
		return;
	case ROUTE_UNUSABLE:
		call_fail(c, 550, "5.4.4", "Domain has no usable mail host");
		return;
	case ROUTE_LOOP:
		call_fail(c, 554, "5.4.6", "Domain leads back to this host");
		return;
	}
}

static void
take_addresses(struct call *c, const struct dns_answer *m)
{
	if (is_missing(m))
		c->temporary = true;
	else
		addresses_read(&c->addresses, m,
			c->at == CALL_AAAA ? DNS_AAAA : DNS_A);
	if (c->at == CALL_AAAA)
		ask(c, CALL_A, DNS_A, host_name(call_host(c)));
	else
		call_connect(c);
}

void
find_answer(struct dial *d, const struct dns_answer *m)
{
	struct call *c = pool_at(d->calls, m->head.serial % CALLS_MAX);

	if (!c || c->at == CALL_CONNECTING ||
		c->question != m->head.serial ||
		m->data_len > sizeof m->data)
		return;
	if (c->at == CALL_MX)
		take_mx(c, m);
	else
		take_addresses(c, m);
}

void
find_lost(struct dial *d)
{
	for (uint32_t i = 0; i < pool_size(d->calls); i++) {
		struct call *c = pool_at(d->calls, i);

		if (c && c->at != CALL_CONNECTING)
			call_fail(c, 451, "4.4.3", "Name service is away");
	}
}
