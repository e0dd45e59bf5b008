#include "intake/commit.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#define LOGIN_ARENA KiB(8)
#define TXN_ARENA   MiB(1) /* 1,000 recipients of 320 octets and their rows */
#define OUTPUT_FULL (32 << 10)

static const struct site *
site(const struct session *s)
{
	return site_of(s->in->role);
}

/* --- questions ----------------------------------------------------------- */

static const enum role answerers[] = {
	[WAITS_NOT] = NOBODY,
	[WAITS_RCPT] = AUTH,
	[WAITS_LOGIN] = AUTH,
	[WAITS_SPOOL] = QUEUE,
	[WAITS_VERDICT] = SCAN,
	[WAITS_QUEUE] = QUEUE,
	[WAITS_STORE] = STORE,
	[WAITS_GRANT] = AUTH,
	[WAITS_LIMIT] = METER,
	[WAITS_UNKNOWN] = METER,
};

struct head
session_question(struct session *s, uint32_t type, enum waits waits)
{
	s->waits = waits;
	s->asked = role_link(s->in->role, answerers[waits]);
	s->serial = s->slot;
	return (struct head){ .type = type, .serial = s->slot,
		.session = s->id };
}

struct session *
session_asker(struct intake *in, const struct head *head, enum waits waits)
{
	struct session *s = pool_at(in->sessions, head->serial);

	if (!s || s->id != head->session || s->waits != waits)
		return NULL;
	s->waits = WAITS_NOT;
	return s;
}

/* --- the end ------------------------------------------------------------- */

static void
forget(struct session *s, const char *reason)
{
	struct intake *in = s->in;

	LOG(EV_CLIENT_ENDED, s->id, log_text(span_of(reason)),
		log_number(s->engine.messages), log_number(s->octets));
	list_remove(&s->link);
	inspect_done(&s->inspected);
	limit_ended(s);
	timer_close(&s->timer);
	commit_keep(s);
	transaction_reset(&s->txn);
	arena_reset(&s->arena);
	acceptor_ended(role_acceptor(in->role), s->peer);
	pool_give(in->sessions, s->slot);
	if (in->stopping && pool_used(in->sessions) == 0)
		role_stop(in->role);
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
	static const char *const reasons[] = {
		[STREAM_CLOSED] = "closed",
		[STREAM_CUT] = "cut",
		[STREAM_BROKEN] = "tls",
	};
	struct session *s = owner;

	if (why == STREAM_BROKEN)
		LOG(EV_TLS_REFUSED, s->id,
			log_text(span_of(stream_reason(s->stream))));
	s->stream = NULL;
	/* What store or queue have been asked to commit stays with them; the
	 * client did not read its answer and may send it again. */
	if (!s->running)
		forget(s, reasons[why]);
}

/* --- running ------------------------------------------------------------- */

static void
flush(struct session *s)
{
	struct span out = smtp_output(&s->engine);

	if (out.len == 0 || !s->stream || stream_write(s->stream, out))
		return;
	inspect_replies(&s->inspected, out, SITE_TEXT(site(s)->host));
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

static enum step
step_of(const struct session *s)
{
	if (s->shaking)
		return STEP_HANDSHAKE;
	if (s->waits)
		return STEP_ANSWER;
	switch (s->engine.state) {
	case SMTP_IN_DATA:
	case SMTP_IN_CHUNK:
	case SMTP_HAS_CHUNKS:
		return STEP_MESSAGE;
	default:
		return STEP_COMMAND;
	}
}

/* A step begins with another kind of wait, with the next line, or with the next
 * message: the commands between its chunks are part of one. */
static void
set_deadline(struct session *s)
{
	struct patience *p = &s->patience;
	struct tick now = clock_tick();
	enum step step = step_of(s);
	uint32_t mark = step == STEP_MESSAGE ? s->engine.messages
					     : s->engine.lines;

	if (step != p->step || mark != s->mark) {
		p->began = p->heard = now;
		p->step = step;
		s->mark = mark;
	}
	p->octets = s->engine.txn.received;
	p->login_due = s->in->submission && !s->engine.logged_in;
	timer_set(s->timer, patience_end(p, site(s)).us - now.us);
}

static void
start_tls(struct session *s)
{
	s->shaking = true;
	set_deadline(s);
	if (stream_accept_tls(s->stream, s->in->tls))
		smtp_answer(&s->engine, &fault_tls_unavailable);
}

/* One turn; false when there is something to wait for. */
static bool
turn(struct session *s, struct span *in)
{
	enum smtp_turn t = smtp_run(&s->engine, in);
	const struct fault *f;

	flush(s);
	switch (t) {
	case SMTP_READ:
	case SMTP_CLOSE:
		return false;
	case SMTP_WRITE:
		return s->stream && stream_waiting(s->stream) <= OUTPUT_FULL;
	case SMTP_ASK:
		break;
	}
	if (s->engine.ask.verb == SMTP_ASK_TLS) {
		start_tls(s);
		return false;
	}
	f = ask_for(s, &s->engine.ask);
	if (f) {
		s->waits = WAITS_NOT;
		answer_fault(s, f);
	}
	return s->waits == WAITS_NOT;
}

static void
end(struct session *s)
{
	smtp_bye(&s->engine, s->ending);
	flush(s);
	finish(s, s->ending->name);
}

/* A message at its end is answered first. */
static void
end_soon(struct session *s, const struct fault *why)
{
	s->ending = why;
	if (!s->txn.committing)
		end(s);
}

/* Run over `in` until something has to be waited for.  May free the session:
 * returns false then. */
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
	if (s->ending && !s->txn.committing) {
		end(s);
		return false;
	}
	set_deadline(s);
	return true;
}

/* An answer came: go on, then with what the client sent meanwhile. */
void
session_run(struct session *s)
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
		session_run(s);
}

static void
secured(void *owner)
{
	struct session *s = owner;
	uint8_t room[TLS_BINDING_MAX], certificate[CERTIFICATE_HASH];
	struct buf exporter = BUF(room);
	struct tls_info info;

	tls_info(stream_tls(s->stream), &info);
	LOG(EV_TLS_STARTED, s->id, log_text(span_of(info.version_name)),
		log_text(span_of(info.cipher_name)));
	s->shaking = false;
	/* RFC 3207 section 4.2: all that was known before is forgotten. */
	transaction_reset(&s->txn);
	smtp_secured(&s->engine, !tls_exporter(stream_tls(s->stream), &exporter));
	if (tls_client_certificate(stream_tls(s->stream), certificate))
		smtp_certified(&s->engine);
	flush(s);
	if (s->in->submission && ask_relay(s))
		s->waits = WAITS_NOT; /* auth is away: then with a login, later */
	set_deadline(s);
}

static const struct stream_events events = {
	.input = input,
	.drained = drained,
	.secured = secured,
	.ended = ended,
};

/* --- start --------------------------------------------------------------- */

static bool
start(struct session *s, int fd, uint16_t port)
{
	struct intake *in = s->in;
	const struct smtp_profile *p = &in->profiles[s->permit];

	if (stream_open(role_loop(in->role), fd, &events, s, &s->stream))
		return false;
	if (timer_open(role_loop(in->role), timed_out, s, &s->timer)) {
		stream_abort(&s->stream);
		return false;
	}
	if (p->tls_from_start && stream_accept_tls(s->stream, in->tls)) {
		stream_abort(&s->stream);
		timer_close(&s->timer);
		return false;
	}
	LOG(EV_CLIENT_CONNECTED, s->id,
		log_text(span_of(service_name(
			site(s)->permits[s->permit].service))),
		log_address(s->peer), log_number(port));
	smtp_server_init(&s->engine, p);
	s->shaking = p->tls_from_start;
	s->patience.opened = clock_tick();
	s->patience.step = STEPS; /* none yet */
	flush(s);
	set_deadline(s);
	return true;
}

bool
session_open(void *owner, int fd, int permit, const uint8_t peer[16],
	uint16_t port)
{
	OWNED(fd_close) int owned = fd;
	struct intake *in = owner;
	struct session *s;
	uint32_t slot;

	if (in->stopping)
		return false;
	s = pool_take(in->sessions, &slot);
	if (!s)
		return false;
	s->in = in;
	s->id = role_new_session(in->role);
	inspect_init(&s->inspected, s->id);
	s->slot = slot;
	s->permit = (uint16_t)permit;
	memcpy(s->peer, peer, sizeof s->peer);
	arena_init(&s->arena, &in->arenas, LOGIN_ARENA);
	transaction_init(&s->txn, &in->arenas, TXN_ARENA);
	list_init(&s->link);
	if (!start(s, fd_give(&owned), port)) {
		pool_give(in->sessions, slot);
		return false;
	}
	list_append(&in->strangers, &s->link);
	return true;
}

bool
session_make_place(void *owner)
{
	struct intake *in = owner;
	struct session *s;

	if (list_is_empty(&in->strangers))
		return false;
	s = HOLDER(in->strangers.next, struct session, link);
	smtp_bye(&s->engine, &fault_limit_load);
	flush(s);
	finish(s, "place needed");
	return true;
}

/* --- when others go away ------------------------------------------------- */

void
session_lost(struct intake *in, const struct channel *c)
{
	for (uint32_t i = 0; i < pool_size(in->sessions); i++) {
		struct session *s = pool_at(in->sessions, i);

		if (!s || s->waits == WAITS_NOT || s->asked != c)
			continue;
		s->waits = WAITS_NOT;
		if (s->engine.asking) /* else it was asked for a listed host */
			answer_fault(s, &fault_ipc_closed);
		session_run(s);
	}
}

void
session_judge_all(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int table = fd;
	struct intake *in = owner;

	(void)c;
	if (epochs_take(&in->epochs, message, table))
		return; /* auth is broken: what it said before holds */
	for (uint32_t i = 0; i < pool_size(in->sessions); i++) {
		struct session *s = pool_at(in->sessions, i);
		const struct grant *g = s ? &s->login.grant : NULL;

		if (!g || s->ending || g->kind != GRANT_SASL ||
			!epochs_ended(&in->epochs, g->account, g->epoch))
			continue;
		LOG(EV_LOGIN_ENDED, s->id, log_number(g->account));
		end_soon(s, &fault_login_ended);
	}
}

void
session_stop_all(struct intake *in)
{
	for (uint32_t i = 0; i < pool_size(in->sessions); i++) {
		struct session *s = pool_at(in->sessions, i);

		if (s)
			end_soon(s, &fault_session_stopping);
	}
	if (pool_used(in->sessions) == 0)
		role_stop(in->role);
}
