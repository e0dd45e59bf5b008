/* admit.c -- a connection before it is a session: not too many, not too fast,
 * not while we are overloaded (NC-2.1.8).
 *
 * The acceptor has given it a place among its source's sessions.  The meter
 * says whether the source may come in; until then nothing is read and nothing
 * said. */
#include "intake/intake.h"
#include "lib/smtp/reply.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#define TELL_US SECONDS(60)

/* A TLS client waits for no greeting.  It understands an alert, which is in
 * clear before there are keys (RFC 8446 section 6.2: access_denied). */
static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 49 };

/* The meter tells what it refuses; this is what never gets there. */
static void
tell(struct intake *in, const uint8_t peer[16], const struct fault *why)
{
	struct tick now = clock_tick();

	in->refused++;
	if (why != &fault_limit_sessions && why != &fault_sys_pool_empty)
		return;
	if (in->told.us != 0 && now.us - in->told.us < TELL_US)
		return;
	LOG(EV_RATE_HIT, 0, log_text(SPAN("address")),
		log_text(SPAN("sessions")), log_address(peer), log_number(0),
		log_text(span_of(why->name)),
		log_number(site_of(in->role)->max_per_source),
		log_number(in->refused));
	in->told = now;
	in->refused = 0;
}

void
admit_put_refusal(void *owner, struct buf *out, int permit,
	const uint8_t peer[16], const struct fault *why)
{
	struct intake *in = owner;

	tell(in, peer, why);
	if (in->profiles[permit].tls_from_start)
		(void)buf_put(out, span_at(alert, sizeof alert));
	else
		(void)put_reply_fault(out, why);
}

static FALLIBLE
ask_meter(struct intake *in, const struct arrival *a, uint32_t slot)
{
	struct limit_ask m = {
		.head = { .type = LIMIT_ASK, .serial = slot, .session = a->id },
		.amounts = { [UNIT_CONNECTIONS] = 1 },
		.has_peer = 1
	};

	memcpy(m.peer, a->peer, sizeof m.peer);
	return channel_send(role_link(in->role, METER), &m, -1);
}

/* The acceptor keeps the place of an arrival until it has ended. */
static void
refuse(struct intake *in, uint32_t slot, const struct fault *why)
{
	struct arrival *a = pool_at(in->arrivals, slot);

	acceptor_refuse(
		role_acceptor(in->role), a->fd, a->permit, a->peer, why);
	pool_give(in->arrivals, slot);
}

bool
admit_arrival(
	void *owner, int fd, int permit, const uint8_t peer[16], uint16_t port)
{
	struct intake *in = owner;
	uint32_t slot;
	struct arrival *a = pool_take(in->arrivals, &slot);

	if (!a) {
		fd_close(&fd);
		return false;
	}
	*a = (struct arrival){ .id = role_new_session(in->role),
		.fd = fd,
		.permit = permit,
		.port = port };
	memcpy(a->peer, peer, sizeof a->peer);
	if (in->stopping)
		refuse(in, slot, &fault_session_stopping);
	else if (!shed_admit(
			 &in->shed, site_of(in->role)->slow_us, clock_tick()) ||
		ask_meter(in, a, slot))
		refuse(in, slot, &fault_limit_load);
	return true; /* refused or not: its end is ours to tell */
}

bool
admit_answer(struct intake *in, const struct limit_answer *m)
{
	struct arrival *a = pool_at(in->arrivals, m->head.serial);
	struct arrival taken;

	if (!a || a->id != m->head.session)
		return false;
	if (m->fault) {
		refuse(in, m->head.serial, fault_row(m->fault));
		return true;
	}
	taken = *a;
	pool_give(in->arrivals, m->head.serial);
	if (!session_open(in, taken.fd, taken.permit, taken.peer, taken.port))
		acceptor_ended(role_acceptor(in->role), taken.peer);
	return true;
}

void
admit_lost(struct intake *in, const struct fault *why)
{
	for (uint32_t i = 0; i < pool_size(in->arrivals); i++)
		if (pool_at(in->arrivals, i))
			refuse(in, i, why);
}
