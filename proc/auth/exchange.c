#include <string.h>

#include "lib/base/must.h"
#include "proc/auth/auth.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/log.h"

static const char *const mechanism_names[] = {
	[SASL_NONE] = "none",
	[SASL_PLAIN] = "PLAIN",
	[SASL_SCRAM_SHA_256] = "SCRAM-SHA-256",
	[SASL_SCRAM_SHA_256_PLUS] = "SCRAM-SHA-256-PLUS",
};

static void refuse(struct exchange *e, struct span login, const char *why);

/* --- the table ----------------------------------------------------------- */

static void
forget(struct exchange *e)
{
	sasl_close(&e->sasl);
	timer_close(&e->timer);
	pool_give(e->auth->exchanges, e->slot);
}

static struct exchange *
find(struct auth *a, struct channel *c, uint64_t session)
{
	for (uint32_t i = 0; i < pool_size(a->exchanges); i++) {
		struct exchange *e = pool_at(a->exchanges, i);

		if (e && e->asker == c && e->head.session == session)
			return e;
	}
	return NULL;
}

void
exchange_forget_asker(struct auth *a, struct channel *c)
{
	for (uint32_t i = 0; i < pool_size(a->exchanges); i++) {
		struct exchange *e = pool_at(a->exchanges, i);

		if (e && e->asker == c)
			forget(e);
	}
}

/* --- answers ------------------------------------------------------------- */

static const char *
service_of(const struct exchange *e)
{
	return e->wants_session ? "imap" : "submission";
}

static void
log_failure(const struct exchange *e, struct span login, const char *why)
{
	LOG(EV_LOGIN_FAILED, e->head.session, log_text(span_of(service_of(e))),
		log_text(login), log_text(span_of(mechanism_names[e->mechanism])),
		log_address(e->peer), log_text(span_of(why)));
}

/* The one text of every refusal. */
static void
send_refusal(struct exchange *e)
{
	static struct sasl_done m;

	m = (struct sasl_done){ .head = { .type = SASL_DONE,
					.serial = e->head.serial,
					.session = e->head.session },
		.fault = fault_number(&fault_auth_failed) };
	if (channel_send(e->asker, &m, -1))
		e->asker = NULL;
	forget(e);
}

static void
timed_out(void *arg)
{
	struct exchange *e = arg;

	if (!e->refused)
		log_failure(e, SPAN(""), "timeout");
	send_refusal(e);
}

/* Later and later for a source that guesses. */
static void
refuse(struct exchange *e, struct span login, const char *why)
{
	struct auth *a = e->auth;
	int64_t wait;

	log_failure(e, login, why);
	slow_failed(a, e->peer);
	wait = slow_wait(a, e->peer);
	e->refused = true;
	if (wait == 0) {
		send_refusal(e);
		return;
	}
	LOG(EV_LOGIN_SLOWED, e->head.session, log_address(e->peer),
		log_number((uint64_t)(wait / 1000)));
	timer_set(e->timer, wait);
}

static void
succeed(struct exchange *e, const struct user *u, struct span last)
{
	static struct sasl_done m;
	OWNED(fd_close) int stream = -1;
	const struct fault *f;

	m = (struct sasl_done){ .head = { .type = SASL_DONE,
					.serial = e->head.serial,
					.session = e->head.session } };
	f = login_grant(e->auth, e, u, &m, &stream);
	if (f) {
		m = (struct sasl_done){ .head = m.head,
			.fault = fault_number(f) };
		fd_close(&stream);
	} else {
		slow_succeeded(e->auth, e->peer);
		m.blob_len = (uint16_t)last.len;
		if (last.len > 0)
			memcpy(m.blob, last.at, last.len);
		LOG(EV_LOGIN_SUCCEEDED, e->head.session,
			log_text(span_of(service_of(e))),
			log_text(span_of(u->login)),
			log_text(span_of(mechanism_names[e->mechanism])),
			log_address(e->peer));
	}
	if (channel_send(e->asker, &m, stream))
		e->asker = NULL;
	forget(e);
}

static void
challenge(struct exchange *e, struct span blob)
{
	struct sasl_challenge m = { .head = { .type = SASL_CHALLENGE,
					    .serial = e->head.serial,
					    .session = e->head.session },
		.blob_len = (uint16_t)blob.len };

	if (blob.len > 0)
		memcpy(m.blob, blob.at, blob.len);
	timer_set(e->timer, EXCHANGE_US);
	if (channel_send(e->asker, &m, -1))
		forget(e);
}

/* --- keys ---------------------------------------------------------------- */

/* A salt for a login that nobody has: the same at every try and after every
 * restart (AU-D02).  Made from what outsiders do not know and what stays: when
 * the first account was made. */
static void
fake_keys(const struct auth *a, struct span login, struct scram_keys *out)
{
	uint8_t secret[SHA256_OCTETS] = { 0 }, made[SHA256_OCTETS];
	int64_t first = 0;

	if (users_count(a->users) > 0)
		first = users_at(a->users, 0)->created_us;
	memcpy(secret, &first, sizeof first);
	hmac_sha256(span_at(secret, sizeof secret), login, made);
	*out = (struct scram_keys){ .iterations = SCRAM_ITERATIONS };
	memcpy(out->salt, made, sizeof out->salt);
	random_octets(out->stored, sizeof out->stored);
	random_octets(out->server, sizeof out->server);
}

static void
find_keys(void *owner, struct span login, struct scram_keys *out)
{
	const struct exchange *e = owner;
	const struct user *u = users_by_login(e->auth->users, login);

	if (u && u->state == USER_ENABLED)
		*out = u->scram;
	else
		fake_keys(e->auth, login, out);
}

/* --- steps --------------------------------------------------------------- */

static void
conclude(struct exchange *e, enum sasl_turn turn, struct span last)
{
	struct auth *a = e->auth;
	struct span login = sasl_login(e->sasl);
	const struct user *u = users_by_login(a->users, login);
	bool proven = turn == SASL_PROVEN
		? u && u->state == USER_ENABLED
		: check_password(a, u, sasl_password(e->sasl));

	if (proven)
		succeed(e, u, last);
	else
		refuse(e, login,
			u && u->state != USER_ENABLED ? "disabled"
						      : "wrong credential");
}

static void
take_turn(struct exchange *e, const struct sasl_step *m)
{
	static uint8_t room[SASL_BLOB_MAX];
	struct buf out = BUF(room);
	enum sasl_turn turn = sasl_turn(e->sasl, m->has_blob,
		span_at(m->blob, m->blob_len), &out);

	switch (turn) {
	case SASL_CHALLENGED:
		challenge(e, buf_view(&out));
		return;
	case SASL_PROVEN:
	case SASL_COMPARE:
		conclude(e, turn, buf_view(&out));
		return;
	case SASL_REFUSED:
		refuse(e, SPAN(""), "malformed or not proven");
		return;
	}
}

static struct exchange *
start(struct auth *a, struct channel *c, const struct sasl_step *m)
{
	struct exchange *e;
	uint32_t slot;

	e = pool_take(a->exchanges, &slot);
	if (!e)
		return NULL;
	*e = (struct exchange){ .auth = a,
		.asker = c,
		.head = m->head,
		.slot = slot,
		.mechanism = m->mechanism < SASL_MECHANISMS ? m->mechanism
							    : SASL_NONE,
		.wants_session = channel_peer(c) == LOGIN && m->wants_session };
	memcpy(e->peer, m->peer, sizeof e->peer);
	if (timer_open(role_loop(a->role), timed_out, e, &e->timer)) {
		pool_give(a->exchanges, slot);
		return NULL;
	}
	return e;
}

static void
say_busy(struct channel *c, const struct head *head)
{
	static struct sasl_done m;

	m = (struct sasl_done){ .head = { .type = SASL_DONE,
					.serial = head->serial,
					.session = head->session },
		.fault = fault_number(&fault_ipc_busy) };
	if (channel_send(c, &m, -1))
		return;
}

static void
begin(struct auth *a, struct channel *c, const struct sasl_step *m)
{
	struct exchange *e = find(a, c, m->head.session);

	if (e) /* the one before was given up */
		forget(e);
	e = a->users ? start(a, c, m) : NULL;
	if (!e) {
		say_busy(c, &m->head);
		return;
	}
	if (sasl_open(m->mechanism, span_at(m->exporter, m->exporter_len),
		    find_keys, e, &e->sasl))
		refuse(e, SPAN(""), "mechanism");
	else
		take_turn(e, m);
}

void
exchange_step(struct auth *a, struct channel *c, const struct sasl_step *m)
{
	struct exchange *e;

	if (m->blob_len > sizeof m->blob ||
		m->exporter_len > sizeof m->exporter) {
		say_busy(c, &m->head);
		return;
	}
	if (m->start) {
		begin(a, c, m);
		return;
	}
	e = find(a, c, m->head.session);
	if (!e || e->refused || !e->sasl) {
		say_busy(c, &m->head);
		return;
	}
	e->head.serial = m->head.serial;
	take_turn(e, m);
}
