#include <string.h>

#include "lib/base/must.h"
#include "lib/conf/ip.h"
#include "proc/dial/dial.h"
#include "sys/connect.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/log.h"

#define DNS_A    1
#define DNS_MX   15
#define DNS_AAAA 28
#define NXDOMAIN 3

static void try_next(struct call *c);

/* --- the end ------------------------------------------------------------- */

static void
forget(struct call *c)
{
	watch_close(&c->watch);
	timer_close(&c->attempt);
	timer_close(&c->whole);
	fd_close(&c->fd);
	pool_give(c->dial->calls, c->slot);
}

static void
fail(struct call *c, uint16_t code, const char *enhanced, const char *text)
{
	struct dial_failed m = { .head = { .type = DIAL_FAILED,
					 .session = c->request.head.session } };
	struct buf status = BUF(m.reply.enhanced), words = BUF(m.reply.text);

	m.reply.code = code;
	MUST(buf_put_text(&status, enhanced) && buf_put_text(&words, text));
	m.reply.text_len = (uint16_t)words.len;
	/* a queue that is away asks again */
	if (channel_send(c->dial->queue, &m, -1))
		c->dial->queue = NULL;
	forget(c);
}

static struct span
host_of(const struct call *c)
{
	const struct host *h = &c->hosts[c->targets[c->target].host];

	return span_at(h->name, h->len);
}

static void
connected(struct call *c)
{
	const struct host *h = &c->hosts[c->targets[c->target].host];
	struct dial_connected m = { .head = { .type = DIAL_CONNECTED,
					    .session = c->request.head.session },
		.port = c->request.port,
		.host_len = h->len,
		.tls = c->request.tls };

	memcpy(m.address, c->targets[c->target].address, sizeof m.address);
	memcpy(m.host, h->name, h->len);
	watch_close(&c->watch);
	if (channel_send(c->dial->relay, &m, c->fd))
		fail(c, 451, "4.3.0", "Service restarting");
	else
		forget(c);
}

/* --- connecting ---------------------------------------------------------- */

static void
next_target(struct call *c)
{
	watch_close(&c->watch);
	fd_close(&c->fd);
	c->target++;
	try_next(c);
}

static void
writable(void *arg, unsigned what)
{
	struct call *c = arg;

	(void)what;
	if (connect_finish(c->fd))
		next_target(c);
	else
		connected(c);
}

static void
attempt_over(void *arg)
{
	next_target(arg);
}

static void
call_over(void *arg)
{
	fail(arg, 451, "4.4.1", "No answer from host");
}

/* May this address be dialled?  Only what the settings name may be one of
 * ours. */
static bool
is_allowed(struct call *c)
{
	const uint8_t *address = c->targets[c->target].address;
	enum address_class class = address_class(address);

	if (class == ADDRESS_PUBLIC || c->request.named)
		return true;
	c->refused = true;
	LOG(EV_DIAL_REFUSED, c->request.head.session, log_text(host_of(c)),
		log_address(address),
		log_text(span_of(address_class_name(class))));
	return false;
}

static void
no_target_left(struct call *c)
{
	if (c->temporary)
		fail(c, 451, "4.4.3", "Name has no answer now");
	else if (c->refused)
		fail(c, 554, "5.4.6", "Host leads back to this system");
	else if (c->targets_count == 0)
		fail(c, 550, "5.4.4", "Host has no address");
	else
		fail(c, 451, "4.4.1", "No answer from host");
}

static void
try_next(struct call *c)
{
	for (; c->target < c->targets_count; c->target++) {
		if (!is_allowed(c) ||
			connect_begin(c->targets[c->target].address,
				c->request.port, &c->fd))
			continue;
		if (watch_open(role_loop(c->dial->role), c->fd, LOOP_WRITE,
			    writable, c, &c->watch)) {
			fd_close(&c->fd);
			continue;
		}
		timer_set(c->attempt, ATTEMPT_US);
		return;
	}
	no_target_left(c);
}

/* --- names --------------------------------------------------------------- */

static void
ask(struct call *c, uint16_t kind, struct span name)
{
	struct dns_query m = { .head = { .type = DNS_QUERY,
				       .serial = c->slot,
				       .session = c->request.head.session },
		.kind = kind,
		.name_len = (uint16_t)name.len };

	memcpy(m.name, name.at, name.len);
	if (channel_send(c->dial->dns, &m, -1))
		fail(c, 451, "4.4.3", "Name service is away");
}

/* The addresses of every host, IPv6 first; then connect. */
static void
ask_addresses(struct call *c)
{
	struct host *h = &c->hosts[c->host];

	if (c->host == c->hosts_count) {
		c->at = CALL_CONNECTING;
		try_next(c);
		return;
	}
	c->at = CALL_AAAA;
	ask(c, DNS_AAAA, span_at(h->name, h->len));
}

static void
set_host(struct call *c)
{
	struct span name = span_at(c->request.host, c->request.host_len);

	c->hosts_count = 1;
	c->hosts[0].len = (uint16_t)name.len;
	memcpy(c->hosts[0].name, name.at, name.len);
}

static void
take_mx(struct call *c, const struct dns_answer *m)
{
	uint64_t chance;
	bool null_mx;

	if (m->fault || m->bogus) {
		fail(c, 451, "4.4.3", "Name has no answer now");
		return;
	}
	if (m->rcode == NXDOMAIN) {
		fail(c, 550, "5.1.2", "Domain does not exist");
		return;
	}
	random_octets(&chance, sizeof chance);
	c->hosts_count = route_read_mx(m, chance, c->hosts, &null_mx);
	if (null_mx) {
		fail(c, 556, "5.1.10", "Domain does not accept mail");
		return;
	}
	if (m->count == 0) /* the domain itself, RFC 5321 section 5.1 */
		set_host(c);
	ask_addresses(c);
}

static void
take_addresses(struct call *c, const struct dns_answer *m)
{
	if (m->fault || m->bogus)
		c->temporary = true;
	else
		route_read_addresses(m, (uint8_t)c->host, c->targets,
			&c->targets_count);
	if (c->at == CALL_AAAA) {
		c->at = CALL_A;
		ask(c, DNS_A,
			span_at(c->hosts[c->host].name,
				c->hosts[c->host].len));
		return;
	}
	c->host++;
	ask_addresses(c);
}

void
call_answer(struct dial *d, const struct dns_answer *m)
{
	struct call *c = pool_at(d->calls, m->head.serial);

	if (!c || c->request.head.session != m->head.session ||
		c->at == CALL_CONNECTING || m->data_len > sizeof m->data)
		return;
	if (c->at == CALL_MX)
		take_mx(c, m);
	else
		take_addresses(c, m);
}

void
call_lost_dns(struct dial *d)
{
	for (uint32_t i = 0; i < pool_size(d->calls); i++) {
		struct call *c = pool_at(d->calls, i);

		if (c && c->at != CALL_CONNECTING)
			fail(c, 451, "4.4.3", "Name service is away");
	}
}

/* --- the start ----------------------------------------------------------- */

static void
start(struct call *c)
{
	struct span name = span_at(c->request.host, c->request.host_len);

	if (!c->request.by_mx) {
		set_host(c);
		if (ip_parse(name, c->targets[0].address)) {
			c->targets_count = 1;
			c->at = CALL_CONNECTING;
			try_next(c);
		} else {
			ask_addresses(c);
		}
		return;
	}
	c->at = CALL_MX;
	ask(c, DNS_MX, name);
}

void
call_begin(struct dial *d, const struct dial_request *m)
{
	struct call *c;
	uint32_t slot;

	if (m->host_len == 0 || m->host_len > NAME_MAX_)
		return;
	c = pool_take(d->calls, &slot);
	if (!c)
		return; /* the job ends by relay's patience */
	c->dial = d;
	c->request = *m;
	c->slot = slot;
	c->fd = -1;
	if (timer_open(role_loop(d->role), attempt_over, c, &c->attempt) ||
		timer_open(role_loop(d->role), call_over, c, &c->whole)) {
		fail(c, 451, "4.3.0", "Local error");
		return;
	}
	timer_set(c->whole, CALL_US);
	start(c);
}
