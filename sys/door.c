#include "sys/door.h"

#include <stdlib.h>

#include "lib/policy/limits.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/pool.h"

#define TELL_US SECONDS(60)
#define WAIT_US SECONDS(5) /* for the meter, which answers at once */

/* A connection that waits for the meter. */
struct arrival {
	uint64_t id;
	struct tick since;
	int fd, permit;
	uint8_t peer[16];
	uint16_t port;
};

struct door {
	struct role_process *role;
	const struct client_hooks *hooks;
	void *owner;
	bool metered;
	struct acceptor *acceptor;
	struct pool *arrivals;
	struct timer *patience;
	struct tick told; /* of refused connections, last */
	uint64_t refused; /* since                        */
};

/* A TLS client waits for no greeting.  It understands an alert, which is in
 * clear before there are keys (RFC 8446 section 6.2: access_denied). */
static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 49 };

/* The meter tells what it refuses; this is what never gets there. */
static void
tell(struct door *d, const uint8_t peer[16], const struct fault *why)
{
	struct tick now = clock_tick();

	d->refused++;
	if (why != &fault_limit_sessions && why != &fault_sys_pool_empty)
		return;
	if (d->told.us != 0 && now.us - d->told.us < TELL_US)
		return;
	LOG(EV_RATE_HIT, 0, log_text(SPAN("address")),
		log_text(SPAN("sessions")), log_address(peer), log_number(0),
		log_text(span_of(why->name)),
		log_number(site_of(d->role)->max_per_source),
		log_number(d->refused));
	d->told = now;
	d->refused = 0;
}

static bool
is_tls(const struct door *d, int permit)
{
	uint32_t service = permit < SITE_PERMITS
		? site_of(d->role)->permits[permit].service
		: SERVICE_NONE;

	return service == SERVICE_SUBMISSIONS || service == SERVICE_IMAPS;
}

static void
put_words(void *arg, struct buf *out, int permit, const uint8_t peer[16],
	const struct fault *why)
{
	struct door *d = arg;

	tell(d, peer, why);
	if (is_tls(d, permit))
		(void)buf_put(out, span_at(alert, sizeof alert));
	else if (d->hooks->refusal)
		d->hooks->refusal(out, why);
}

/* The acceptor keeps the place of an arrival until it has ended. */
static void
refuse(struct door *d, uint32_t slot, const struct fault *why)
{
	struct arrival *a = pool_at(d->arrivals, slot);

	acceptor_refuse(d->acceptor, a->fd, a->permit, a->peer, why);
	pool_give(d->arrivals, slot);
}

/* A meter that does not answer is one that is away. */
static void
refuse_late(void *arg)
{
	struct door *d = arg;
	int64_t late = clock_tick().us - WAIT_US;

	for (uint32_t i = 0; i < pool_size(d->arrivals); i++) {
		const struct arrival *a = pool_at(d->arrivals, i);

		if (a && a->since.us <= late)
			refuse(d, i, &fault_limit_load);
	}
	if (pool_used(d->arrivals) > 0)
		timer_set(d->patience, WAIT_US / 5);
}

static FALLIBLE
ask_meter(struct door *d, const struct arrival *a, uint32_t slot)
{
	struct limit_ask m = {
		.head = { .type = LIMIT_ASK, .serial = slot, .session = a->id },
		.amounts = { [UNIT_CONNECTIONS] = 1 },
		.has_peer = 1
	};

	if (d->hooks->busy && d->hooks->busy(d->owner))
		return &fault_limit_load;
	memcpy(m.peer, a->peer, sizeof m.peer);
	return channel_send(role_link(d->role, METER), &m, -1);
}

static bool
arrive(void *arg, int fd, int permit, const uint8_t peer[16], uint16_t port)
{
	struct door *d = arg;
	struct arrival *a;
	uint32_t slot;

	if (!d->metered)
		return d->hooks->accept(d->owner, fd, permit, peer, port);
	a = pool_take(d->arrivals, &slot);
	if (!a) {
		fd_close(&fd);
		return false;
	}
	*a = (struct arrival){ .id = role_new_session(d->role),
		.since = clock_tick(),
		.fd = fd,
		.permit = permit,
		.port = port };
	memcpy(a->peer, peer, sizeof a->peer);
	if (ask_meter(d, a, slot))
		refuse(d, slot, &fault_limit_load);
	else if (pool_used(d->arrivals) == 1)
		timer_set(d->patience, WAIT_US);
	return true; /* refused or not: its end is ours to tell */
}

static bool
place(void *arg)
{
	struct door *d = arg;

	return d->hooks->place && d->hooks->place(d->owner);
}

bool
door_answer(struct door *d, const struct limit_answer *m)
{
	struct arrival *a = pool_at(d->arrivals, m->head.serial);
	struct arrival taken;

	if (!a || a->id != m->head.session)
		return false;
	if (m->fault) {
		refuse(d, m->head.serial, fault_row(m->fault));
		return true;
	}
	taken = *a;
	pool_give(d->arrivals, m->head.serial);
	if (!d->hooks->accept(
		    d->owner, taken.fd, taken.permit, taken.peer, taken.port))
		acceptor_ended(d->acceptor, taken.peer);
	return true;
}

void
door_refuse_all(struct door *d, const struct fault *why)
{
	for (uint32_t i = 0; i < pool_size(d->arrivals); i++)
		if (pool_at(d->arrivals, i))
			refuse(d, i, why);
}

struct acceptor *
door_acceptor(struct door *d)
{
	return d->acceptor;
}

FALLIBLE
door_open(struct role_process *r, const struct client_hooks *hooks, void *owner,
	bool metered, struct door **out)
{
	struct door *d = calloc(1, sizeof *d);
	const struct site *s = site_of(r);
	static const struct acceptor_events events = {
		.accept = arrive, .refusal = put_words, .place = place
	};

	if (!d)
		return &fault_sys_failed;
	*d = (struct door){
		.role = r, .hooks = hooks, .owner = owner, .metered = metered
	};
	if (pool_open(sizeof(struct arrival), s->max_sessions, &d->arrivals) ||
		timer_open(role_loop(r), refuse_late, d, &d->patience) ||
		acceptor_open(role_loop(r), s, &events, d, &d->acceptor)) {
		free(d); /* the process ends */
		return &fault_sys_failed;
	}
	*out = d;
	return OK;
}
