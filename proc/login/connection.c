#include "lib/base/buf.h"
#include "lib/base/must.h"
#include "lib/imap/session.h"
#include "proc/login/login.h"
#include "sys/fd.h"
#include "sys/log.h"

#define HANDSHAKE_US  SECONDS(30) /* ST-D09: however slowly octets drip */
#define PIPE_FULL     (64 << 10)  /* octets waiting: pause the other side */
#define PIPE_MARGIN   MINUTES(5)  /* the session ends idle clients itself */
#define LAST_WORDS    SECONDS(5)  /* of a session whose login ended */

static void run(struct connection *c, struct span *in);

static const struct site *
site(const struct connection *c)
{
	return site_of(c->login->role);
}

/* --- the end ------------------------------------------------------------- */

static void
drop_engine(struct connection *c)
{
	if (!c->engine)
		return;
	pool_give(c->login->engines, c->engine_slot);
	c->engine = NULL;
}

static void
forget(struct connection *c, const char *reason)
{
	struct login *l = c->login;

	LOG(EV_CLIENT_ENDED, c->id, log_text(span_of(reason)), log_number(0),
		log_number(0));
	drop_engine(c);
	list_remove(&c->link);
	stream_abort(&c->session);
	acceptor_ended(role_acceptor(l->role), c->peer);
	pool_give(l->connections, c->slot);
	if (l->stopping && pool_used(l->connections) == 0)
		role_stop(l->role);
}

/* What the client still has to get is sent by the stream alone. */
static void
finish(struct connection *c, const char *reason)
{
	stream_finish(&c->client);
	forget(c, reason);
}

/* End the stranger that has been here longest; with an engine, if it must be
 * one that has.  False: there is none. */
static bool
end_stranger(struct login *l, bool with_engine)
{
	EACH_LINK(at, &l->strangers) {
		struct connection *c = HOLDER(at, struct connection, link);

		if (with_engine && !c->engine)
			continue;
		stream_abort(&c->client);
		forget(c, "place needed");
		return true;
	}
	return false;
}

bool
connection_make_place(void *owner)
{
	return end_stranger(owner, false);
}

static void
client_ended(void *owner, enum stream_end why)
{
	static const char *const reasons[] = {
		[STREAM_CLOSED] = "closed",
		[STREAM_CUT] = "cut",
		[STREAM_BROKEN] = "tls",
		[STREAM_TIMEOUT] = "timeout",
	};
	struct connection *c = owner;

	if (why == STREAM_BROKEN)
		LOG(EV_TLS_REFUSED, c->id,
			log_text(span_of(stream_reason(c->client))));
	c->client = NULL;
	forget(c, reasons[why]);
}

/* --- after the login: a pipe --------------------------------------------- */

static void
still_alive(struct connection *c)
{
	if (!c->ending)
		stream_deadline(c->client,
			site(c)->imap_idle_us + PIPE_MARGIN);
}

/* Octets from one side to the other; the side they come from waits while the
 * other has too much to send. */
static size_t
carry(struct connection *c, struct stream *from, struct stream *to,
	struct span in)
{
	still_alive(c);
	if (stream_write(to, in))
		return 0;
	if (stream_waiting(to) > PIPE_FULL)
		stream_pause(from);
	return in.len;
}

static size_t
session_input(void *owner, struct span in)
{
	struct connection *c = owner;

	return carry(c, c->session, c->client, in);
}

static void
session_drained(void *owner)
{
	struct connection *c = owner;

	if (!c->ending)
		stream_resume(c->client);
}

static void
session_ended(void *owner, enum stream_end why)
{
	struct connection *c = owner;

	(void)why;
	c->session = NULL;
	finish(c, "session over");
}

static const struct stream_events session_events = {
	.input = session_input,
	.drained = session_drained,
	.ended = session_ended,
};

/* --- before the login ---------------------------------------------------- */

static void
flush(struct connection *c)
{
	struct span out = imap_login_output(c->engine);

	/* at most LOGIN_OUTPUT_MAX, far below what a stream keeps */
	if (out.len > 0 && stream_write(c->client, out))
		return;
	imap_login_sent(c->engine, out.len);
}

static const uint32_t mechanisms[] = {
	[LOGIN_PLAIN] = SASL_PLAIN,
	[LOGIN_SCRAM_SHA_256] = SASL_SCRAM_SHA_256,
	[LOGIN_SCRAM_SHA_256_PLUS] = SASL_SCRAM_SHA_256_PLUS,
	[LOGIN_EXTERNAL] = SASL_EXTERNAL,
};

/* Carry a SASL message to auth. */
static void
ask_auth(struct connection *c, const struct login_ask *ask)
{
	static struct sasl_step m;
	struct buf exporter = BUF(m.exporter);
	const struct fault *f;

	m = (struct sasl_step){
		.head = { .type = SASL_STEP, .serial = c->slot,
			.session = c->id },
		.start = ask->what == LOGIN_START,
		.mechanism = mechanisms[ask->mechanism],
		.has_blob = ask->has_blob || ask->what == LOGIN_RESPONSE,
		.blob_len = (uint16_t)ask->blob.len,
		.wants_session = 1,
	};
	memcpy(m.peer, c->peer, sizeof m.peer);
	if (ask->blob.len > 0)
		memcpy(m.blob, ask->blob.at, ask->blob.len);
	f = tls_exporter(stream_tls(c->client), &exporter);
	m.exporter_len = f ? 0 : (uint16_t)exporter.len;
	m.has_certificate = tls_client_certificate(stream_tls(c->client),
		m.certificate);
	f = channel_send(role_link(c->login->role, AUTH), &m, -1);
	explicit_bzero(&m, sizeof m);
	if (f)
		imap_login_failure(c->engine, f);
	else
		c->asking = true;
}

/* Go on until the client or auth has to do something. */
static void
run(struct connection *c, struct span *in)
{
	while (c->client && c->engine && !c->asking) {
		enum login_turn turn = imap_login_run(c->engine, in);

		if (turn == LOGIN_ASK)
			ask_auth(c, &c->engine->ask);
		flush(c);
		if (turn == LOGIN_READ)
			return;
		if (turn == LOGIN_CLOSE) {
			finish(c, "refused");
			return;
		}
		if (turn == LOGIN_DONE) {
			drop_engine(c);
			list_remove(&c->link);
			still_alive(c);
		}
	}
}

static size_t
client_input(void *owner, struct span in)
{
	struct connection *c = owner;
	struct login *l = c->login;
	struct span rest = in;
	uint32_t slot = c->slot;

	if (c->engine)
		run(c, &rest);
	if (pool_at(l->connections, slot) != c) /* it ended */
		return in.len;
	if (!c->engine && rest.len > 0)
		span_shift_upto(&rest, carry(c, c->client, c->session, rest));
	return in.len - rest.len;
}

static void
client_drained(void *owner)
{
	struct connection *c = owner;

	if (c->session)
		stream_resume(c->session);
}

static void
client_secured(void *owner)
{
	struct connection *c = owner;
	struct login *l = c->login;
	uint8_t room[TLS_BINDING_MAX], certificate[CERTIFICATE_HASH];
	struct buf exporter = BUF(room);
	struct login_setup setup = {
		.permits = IMAP_PERMIT_ALL,
		.scram = true,
		.binding = !tls_exporter(stream_tls(c->client), &exporter),
		.certified = tls_client_certificate(stream_tls(c->client),
			certificate),
	};
	struct tls_info info;

	tls_info(stream_tls(c->client), &info);
	LOG(EV_TLS_STARTED, c->id, log_text(span_of(info.version_name)),
		log_text(span_of(info.cipher_name)));
	c->engine = pool_take(l->engines, &c->engine_slot);
	if (!c->engine && end_stranger(l, true))
		c->engine = pool_take(l->engines, &c->engine_slot);
	MUST(c->engine);
	imap_login_init(c->engine, &setup);
	stream_deadline(c->client, site(c)->login_us);
	flush(c);
}

static const struct stream_events client_events = {
	.input = client_input,
	.drained = client_drained,
	.secured = client_secured,
	.ended = client_ended,
};

bool
connection_open(void *owner, int fd, int permit, const uint8_t peer[16],
	uint16_t port)
{
	OWNED(fd_close) int owned = fd;
	struct login *l = owner;
	struct connection *c;
	uint32_t slot;

	(void)permit;
	if (!l->tls || l->stopping)
		return false;
	c = pool_take(l->connections, &slot);
	if (!c)
		return false;
	*c = (struct connection){ .login = l, .slot = slot,
		.id = role_new_session(l->role) };
	list_init(&c->link);
	memcpy(c->peer, peer, sizeof c->peer);
	if (stream_open(role_loop(l->role), fd_give(&owned), &client_events, c,
		    &c->client)) {
		pool_give(l->connections, slot);
		return false;
	}
	if (stream_accept_tls(c->client, l->tls)) {
		stream_abort(&c->client);
		pool_give(l->connections, slot);
		return false;
	}
	list_append(&l->strangers, &c->link);
	LOG(EV_CLIENT_CONNECTED, c->id, log_text(SPAN("imaps")),
		log_address(peer), log_number(port));
	stream_deadline(c->client, HANDSHAKE_US);
	return true;
}

/* --- what auth answers --------------------------------------------------- */

/* The connection that a question came from, if it still waits. */
static struct connection *
asker(struct login *l, const struct head *head)
{
	struct connection *c = pool_at(l->connections, head->serial);

	if (!c || c->id != head->session || !c->asking)
		return NULL;
	c->asking = false;
	return c;
}

/* The engine has its answer: go on, first with what the client sent
 * meanwhile. */
static void
go_on(struct connection *c)
{
	struct span nothing = span_at(NULL, 0);
	struct login *l = c->login;
	uint32_t slot = c->slot;

	run(c, &nothing);
	if (pool_at(l->connections, slot) == c && c->client)
		stream_resume(c->client);
}

void
connection_challenge(struct login *l, const struct sasl_challenge *m)
{
	struct connection *c = asker(l, &m->head);

	if (!c)
		return;
	imap_login_challenge(c->engine, span_at(m->blob, m->blob_len));
	go_on(c);
}

void
connection_login_done(struct login *l, const struct sasl_done *m, int stream)
{
	OWNED(fd_close) int fd = stream;
	struct connection *c = asker(l, &m->head);
	const struct fault *f = fault_row(m->fault);

	if (!c)
		return;
	if (!f && fd < 0)
		f = &fault_sys_failed;
	MUST(!c->session);
	if (!f)
		f = stream_open(role_loop(l->role), fd_give(&fd),
			&session_events, c, &c->session);
	if (f) {
		imap_login_failure(c->engine, f);
	} else {
		imap_login_success(c->engine,
			m->blob_len > 0 ? span_at(m->blob, m->blob_len)
					: SPAN_NONE);
		c->account = m->grant.account;
		c->epoch = m->grant.epoch;
	}
	go_on(c);
}

void
connection_auth_lost(struct login *l)
{
	for (uint32_t i = 0; i < pool_size(l->connections); i++) {
		struct connection *c = pool_at(l->connections, i);

		if (!c || !c->asking)
			continue;
		c->asking = false;
		imap_login_failure(c->engine, &fault_ipc_closed);
		go_on(c);
	}
}

/* store takes the mailboxes away from the session, which says BYE and ends; a
 * session that does not is cut off. */
static void
end_login(struct connection *c)
{
	c->ending = true;
	stream_pause(c->client);
	stream_deadline(c->client, LAST_WORDS);
	LOG(EV_LOGIN_ENDED, c->id, log_number(c->account));
}

void
connection_judge_all(struct login *l)
{
	for (uint32_t i = 0; i < pool_size(l->connections); i++) {
		struct connection *c = pool_at(l->connections, i);

		if (c && c->session && !c->ending &&
			epochs_ended(&l->epochs, c->account, c->epoch))
			end_login(c);
	}
}

void
connection_stop_all(struct login *l)
{
	for (uint32_t i = 0; i < pool_size(l->connections); i++) {
		struct connection *c = pool_at(l->connections, i);

		if (!c)
			continue;
		if (c->engine) {
			imap_login_bye(c->engine, "Server is stopping");
			flush(c);
		}
		finish(c, "stopping");
	}
}
