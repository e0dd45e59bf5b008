#include "proc/local/local.h"

#include <string.h>

#include "lib/base/number.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#define TXN_ARENA   MiB(1) /* 1,000 recipients of 320 octets and their rows */
#define OUTPUT_FULL (32 << 10)

static const struct site *
site(const struct session *s)
{
	return site_of(s->local->role);
}

struct span
talk_service(const struct session *s)
{
	return s->local->profiles[s->service].lmtp ? SPAN("lmtp")
						   : SPAN("local");
}

/* --- the end ------------------------------------------------------------- */

static void
forget(struct session *s, const char *reason)
{
	struct local *l = s->local;

	LOG(EV_CLIENT_ENDED, s->id, log_text(span_of(reason)),
		log_number(s->engine.messages), log_number(0));
	timer_close(&s->timer);
	message_reset(s);
	acceptor_ended(role_acceptor(l->role), s->address);
	pool_give(l->sessions, s->slot);
	if (l->stopping && pool_used(l->sessions) == 0)
		role_stop(l->role);
}

static void
finish(struct session *s, const char *reason)
{
	stream_finish(&s->stream);
	forget(s, reason);
}

static void
ended(void *owner, enum stream_end why)
{
	struct session *s = owner;

	s->stream = NULL;
	if (!s->running)
		forget(s, why == STREAM_CLOSED ? "closed" : "cut");
}

/* --- running ------------------------------------------------------------- */

static void
flush(struct session *s)
{
	struct span out = smtp_output(&s->engine);

	if (out.len == 0 || !s->stream || stream_write(s->stream, out))
		return;
	smtp_sent(&s->engine, out.len);
}

static void
timed_out(void *arg)
{
	struct session *s = arg;

	smtp_bye(&s->engine, &fault_session_timeout);
	flush(s);
	finish(s, "timeout");
}

static void
set_deadline(struct session *s)
{
	struct patience *p = &s->patience;
	struct tick now = clock_tick();
	enum step step = s->waits			      ? STEP_ANSWER
		: s->engine.state == SMTP_IN_DATA ? STEP_MESSAGE
						  : STEP_COMMAND;

	if (step != p->step || s->lines != s->engine.lines) {
		p->began = p->heard = now;
		p->step = step;
		s->lines = s->engine.lines;
	}
	p->octets = s->engine.txn.received;
	timer_set(s->timer, patience_end(p, site(s)).us - now.us);
}

/* One turn; false when there is something to wait for. */
static bool
turn(struct session *s, struct span *in)
{
	enum smtp_turn t = smtp_run(&s->engine, in);
	const struct fault *f;

	flush(s);
	if (t == SMTP_WRITE)
		return s->stream && stream_waiting(s->stream) <= OUTPUT_FULL;
	if (t != SMTP_ASK)
		return false;
	f = message_ask(s, &s->engine.ask);
	if (f)
		message_fault(s, f);
	return s->waits == WAITS_NOT;
}

/* May free the session: returns false then. */
static bool
run(struct session *s, struct span *in)
{
	s->running = true;
	while (s->stream && s->waits == WAITS_NOT && turn(s, in))
		;
	s->running = false;
	if (!s->stream) {
		forget(s, "closed");
		return false;
	}
	if (s->engine.state == SMTP_OVER) {
		finish(s, "over");
		return false;
	}
	set_deadline(s);
	return true;
}

void
talk_run(struct session *s)
{
	struct span nothing = span_at(NULL, 0);

	if (run(s, &nothing) && s->waits == WAITS_NOT)
		stream_resume(s->stream);
}

static size_t
input(void *owner, struct span in)
{
	struct session *s = owner;
	struct span rest = in;

	if (s->waits != WAITS_NOT)
		return 0;
	s->patience.heard = clock_tick();
	if (!run(s, &rest))
		return in.len;
	return in.len - rest.len;
}

static void
drained(void *owner)
{
	struct session *s = owner;

	if (s->waits == WAITS_NOT && !s->running)
		talk_run(s);
}

static const struct stream_events events = {
	.input = input,
	.drained = drained,
	.ended = ended,
};

/* --- start --------------------------------------------------------------- */

static bool
refuse(const struct session *s, const char *reason)
{
	LOG(EV_LOCAL_REFUSED, s->id, log_text(talk_service(s)),
		log_address(s->address), log_text(span_of(reason)));
	return false;
}

/* Who is it?  Nobody else ever speaks to the engine. */
static bool
admit(struct session *s, int fd)
{
	if (peer_find(s->local->questions, fd, &s->peer))
		return refuse(s, "not a program of this host");
	LOG(EV_LOCAL_CONNECTED, s->id, log_text(talk_service(s)),
		log_number(s->peer.uid), log_number(s->peer.pid));
	return true;
}

static bool
start(struct session *s, int fd)
{
	OWNED(fd_close) int owned = fd;
	struct local *l = s->local;

	if (!admit(s, owned) ||
		timer_open(role_loop(l->role), timed_out, s, &s->timer))
		return false;
	if (stream_open(role_loop(l->role), fd_give(&owned), &events, s,
		    &s->stream)) {
		timer_close(&s->timer);
		return false;
	}
	smtp_server_init(&s->engine, &l->profiles[s->service]);
	s->patience.opened = clock_tick();
	s->patience.step = STEPS; /* none yet */
	flush(s);
	set_deadline(s);
	return true;
}

bool
talk_open(void *owner, int fd, int service, const uint8_t address[16],
	uint16_t port)
{
	OWNED(fd_close) int owned = fd;
	struct local *l = owner;
	struct session *s;
	uint32_t slot;

	(void)port;
	s = l->stopping ? NULL : pool_take(l->sessions, &slot);
	if (!s)
		return false;
	s->local = l;
	s->id = role_new_session(l->role);
	s->slot = slot;
	s->service = service;
	memcpy(s->address, address, sizeof s->address);
	transaction_init(&s->txn, &l->arenas, TXN_ARENA);
	s->header.body = BODY_CLOSED;
	if (start(s, fd_give(&owned)))
		return true;
	pool_give(l->sessions, slot);
	return false;
}

/* --- when others go away ------------------------------------------------- */

void
talk_lost(struct local *l)
{
	for (uint32_t i = 0; i < pool_size(l->sessions); i++) {
		struct session *s = pool_at(l->sessions, i);

		if (!s || s->waits == WAITS_NOT)
			continue;
		message_fault(s, &fault_ipc_closed);
		talk_run(s);
	}
}

void
talk_stop_all(struct local *l)
{
	for (uint32_t i = 0; i < pool_size(l->sessions); i++) {
		struct session *s = pool_at(l->sessions, i);

		/* a message at its end is answered first */
		if (!s || s->txn.committing)
			continue;
		smtp_bye(&s->engine, &fault_session_stopping);
		flush(s);
		finish(s, "stopping");
	}
	if (pool_used(l->sessions) == 0)
		role_stop(l->role);
}
