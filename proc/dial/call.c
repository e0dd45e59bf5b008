#include <string.h>

#include "lib/base/must.h"
#include "lib/mail/address.h"
#include "lib/policy/address_class.h"
#include "proc/dial/dial.h"
#include "sys/connect.h"
#include "sys/fd.h"
#include "sys/log.h"

struct host *
call_host(struct call *c)
{
	return &c->route.hosts[c->host];
}

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

/* When the queue is away or its channel full, relay's patience ends the job. */
static void
tell_failed(struct dial *d, uint64_t job, uint16_t code, const char *enhanced,
	const char *text)
{
	struct dial_failed m = { .head = { .type = DIAL_FAILED,
					 .session = job } };
	struct buf status = BUF(m.reply.enhanced), words = BUF(m.reply.text);

	MUST(buf_put_text(&status, enhanced) && buf_put_text(&words, text));
	m.reply.code = code;
	m.reply.text_len = (uint16_t)words.len;
	if (channel_send(d->queue, &m, -1))
		return;
}

void
call_fail(struct call *c, uint16_t code, const char *enhanced,
	const char *text)
{
	tell_failed(c->dial, c->request.head.session, code, enhanced, text);
	forget(c);
}

/* What was named by the settings is no reason to return mail: the operator
 * can mend it. */
void
call_fail_all(struct call *c)
{
	if (c->unreached)
		call_fail(c, 451, "4.4.1", "No answer from host");
	else if (c->temporary)
		call_fail(c, 451, "4.4.3", "Host has no answer now");
	else if (c->refused)
		call_fail(c, 554, "5.4.6", "Host leads back to this network");
	else if (c->request.named)
		call_fail(c, 451, "4.4.4", "Host has no address");
	else
		call_fail(c, 550, "5.4.4", "Host has no address");
}

static void
hand_over(struct call *c)
{
	const struct host *h = call_host(c);
	struct dial_connected m = { .head = { .type = DIAL_CONNECTED },
		.port = c->request.port,
		.host_len = h->len,
		.tls = c->request.tls };

	m.head.session = c->request.head.session;
	memcpy(m.address, c->addresses.at[c->address], sizeof m.address);
	memcpy(m.host, h->name, h->len);
	if (channel_send(c->dial->relay, &m, c->fd))
		call_fail(c, 451, "4.3.2", "Service restarting");
	else
		forget(c);
}

/* --- connecting ---------------------------------------------------------- */

static void
refuse(struct call *c, const char *why)
{
	c->refused = true;
	LOG(EV_DIAL_REFUSED, c->request.head.session,
		log_text(host_name(call_host(c))),
		log_address(c->addresses.at[c->address]),
		log_text(span_of(why)));
}

/* Only the settings may name a host that is not on the public Internet. */
static bool
is_allowed(struct call *c)
{
	enum address_class class =
		address_class(c->addresses.at[c->address]);

	if (class == ADDRESS_PUBLIC || c->request.named)
		return true;
	refuse(c, address_class_name(class));
	return false;
}

static void
next_address(struct call *c)
{
	timer_clear(c->attempt); /* it is not for the names that may follow */
	watch_close(&c->watch);
	fd_close(&c->fd);
	c->address++;
	call_connect(c);
}

static void
attempt_over(void *arg)
{
	struct call *c = arg;

	c->unreached = true;
	next_address(c);
}

/* An address of this machine leads back to ourselves, whatever its class. */
static void
connected(void *arg, unsigned what)
{
	struct call *c = arg;

	(void)what;
	if (connect_finish(c->fd)) {
		attempt_over(c);
	} else if (!c->request.named && connect_is_local(c->fd)) {
		refuse(c, "this host");
		next_address(c);
	} else {
		hand_over(c);
	}
}

static void
call_over(void *arg)
{
	call_fail(arg, 451, "4.4.1", "No answer from host");
}

static FALLIBLE
dial_address(struct call *c)
{
	TRY(connect_begin(c->addresses.at[c->address], c->request.port,
		&c->fd));
	return watch_open(role_loop(c->dial->role), c->fd, LOOP_WRITE,
		connected, c, &c->watch);
}

void
call_connect(struct call *c)
{
	c->at = CALL_CONNECTING;
	for (; c->address < c->addresses.count; c->address++) {
		if (!is_allowed(c))
			continue;
		if (!dial_address(c)) {
			timer_set(c->attempt, ATTEMPT_US);
			return;
		}
		c->unreached = true;
		fd_close(&c->fd);
	}
	if (++c->host < c->route.count)
		find_addresses(c);
	else
		call_fail_all(c);
}

/* --- the start ----------------------------------------------------------- */

static FALLIBLE
open_timers(struct call *c)
{
	struct loop *l = role_loop(c->dial->role);

	TRY(timer_open(l, attempt_over, c, &c->attempt));
	TRY(timer_open(l, call_over, c, &c->whole));
	timer_set(c->whole, CALL_US);
	return OK;
}

/* A host that only sends dials the smarthosts and nobody else, whatever the
 * queue asks for (NC-2.1.9.b). */
static bool
is_listed(const struct call *c, struct span host)
{
	const struct site *s = site_of(c->dial->role);

	return s->role != SITE_LOCAL ||
		(!c->request.by_mx &&
			site_smarthost(s, host, c->request.port));
}

static void
start(struct call *c)
{
	struct span host = span_at(c->request.host, c->request.host_len);

	route_to(&c->route, host);
	if (!is_listed(c, host)) {
		refuse(c, "not a smarthost"); /* any more, perhaps */
		call_fail(c, 451, "4.4.4", "Host is not a smarthost");
	} else if (addresses_literal(&c->addresses, host))
		call_connect(c);
	else if (!domain_is_valid(host))
		call_fail(c, 550, "5.1.2", "Not a host");
	else if (c->request.by_mx)
		find_hosts(c);
	else
		find_addresses(c);
}

void
call_begin(struct dial *d, const struct dial_request *m)
{
	uint32_t slot;
	struct call *c = pool_take(d->calls, &slot);

	if (!c) {
		tell_failed(d, m->head.session, 451, "4.3.2", "Too many calls");
		return;
	}
	c->dial = d;
	c->request = *m;
	c->slot = slot;
	c->fd = -1;
	if (m->host_len > NAME_MAX_)
		call_fail(c, 550, "5.1.2", "Not a host");
	else if (open_timers(c))
		call_fail(c, 451, "4.3.0", "Local error");
	else
		start(c);
}

void
call_end_all(struct dial *d)
{
	for (uint32_t i = 0; i < pool_size(d->calls); i++) {
		struct call *c = pool_at(d->calls, i);

		if (c)
			call_fail(c, 451, "4.3.2", "Service restarting");
	}
}
