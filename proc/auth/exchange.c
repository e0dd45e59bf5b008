/* exchange.c -- logins at work, from their first step to grant or refusal. */
#include <string.h>

#include "proc/auth/auth.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/log.h"

static const char *const mechanism_names[] = {
	[SASL_NONE] = "none",
	[SASL_PLAIN] = "PLAIN",
	[SASL_SCRAM_SHA_256] = "SCRAM-SHA-256",
	[SASL_SCRAM_SHA_256_PLUS] = "SCRAM-SHA-256-PLUS",
	[SASL_EXTERNAL] = "EXTERNAL",
};

/* --- the table ----------------------------------------------------------- */

static struct span
session_of(const void *things, uint32_t i)
{
	const struct exchange *e = things;

	return span_at(&e[i].head.session, sizeof e[i].head.session);
}

void
exchange_start_all(struct auth *a)
{
	struct siphash_key key;

	random_octets(&key, sizeof key);
	slow_init(&a->slow, &key);
	random_octets(&key, sizeof key);
	table_init(&a->table, a->slots, EXCHANGES_MAX, &key, session_of,
		a->exchanges);
	compare_start(a);
}

static void
forget(struct exchange *e)
{
	sasl_close(&e->sasl);
	timer_close(&e->timer);
	compare_forget(e);
	table_erase(&e->auth->table, (uint32_t)(e - e->auth->exchanges));
}

/* NULL: there is none, or it is another role's. */
static struct exchange *
find(struct auth *a, struct channel *c, uint64_t session)
{
	uint32_t i = table_find(&a->table, span_at(&session, sizeof session));

	return i != TABLE_NONE && a->exchanges[i].asker == c ? &a->exchanges[i]
							     : NULL;
}

void
exchange_forget_asker(struct auth *a, struct channel *c)
{
	for (uint32_t i = table_next(&a->table, TABLE_NONE); i != TABLE_NONE;
		i = table_next(&a->table, i))
		if (a->exchanges[i].asker == c)
			forget(&a->exchanges[i]);
}

/* --- answers ------------------------------------------------------------- */

static void
say_fault(struct channel *c, const struct head *head, const struct fault *f)
{
	static struct sasl_done m;

	m = (struct sasl_done){ .head = { .type = SASL_DONE,
					.serial = head->serial,
					.session = head->session },
		.fault = fault_number(f) };
	if (channel_send(c, &m, -1))
		return; /* gone, or does not read: its client gives up */
}

static void
end_with(struct exchange *e, const struct fault *f)
{
	say_fault(e->asker, &e->head, f);
	forget(e);
}

static const char *
service_of(const struct exchange *e)
{
	return e->wants_session ? "imap" : "submission";
}

static void
log_failure(const struct exchange *e, struct span login, const char *why)
{
	LOG(EV_LOGIN_FAILED, e->head.session, log_text(span_of(service_of(e))),
		log_text(login),
		log_text(span_of(mechanism_names[e->mechanism])),
		log_address(e->peer), log_text(span_of(why)));
}

static const struct password_policy *
policy_of(const struct auth *a)
{
	return password_policy(
		(enum password_profile)site_of(a->role)->passwords);
}

static bool
is_locked(const struct exchange *e)
{
	return slow_locked(&e->auth->slow, clock_tick(), e->peer,
		policy_of(e->auth)->lock_after);
}

/* Its own failures locked this address: it waits, and that is all.  What it says
 * meanwhile is no failure, or a client with an old password would never get in
 * again. */
static void
refuse_locked(struct exchange *e)
{
	log_failure(e, SPAN(""), "address locked");
	e->state = EXCHANGE_REFUSED;
	timer_set(e->timer, LOCKED_US);
}

/* Later and later for who guesses; one text whatever the reason. */
static void
refuse(struct exchange *e, const char *why)
{
	struct auth *a = e->auth;
	struct span login = e->sasl ? sasl_claimed(e->sasl) : SPAN("");
	bool locked = is_locked(e);
	int64_t wait = slow_failed(&a->slow, clock_tick(), e->peer, login);

	log_failure(e, login, why);
	if (!locked && is_locked(e))
		LOG(EV_ADDRESS_LOCKED, e->head.session, log_address(e->peer),
			log_number(policy_of(a)->lock_after));
	sasl_close(&e->sasl);
	e->state = EXCHANGE_REFUSED;
	if (wait == 0) {
		end_with(e, &fault_auth_failed);
		return;
	}
	LOG(EV_LOGIN_SLOWED, e->head.session, log_address(e->peer),
		log_number(slow_failures(&a->slow, clock_tick(), e->peer)));
	timer_set(e->timer, wait);
}

/* What ends when its time is over. */
static void
timed_out(void *arg)
{
	struct exchange *e = arg;

	switch (e->state) {
	case EXCHANGE_OPEN:
		log_failure(e, sasl_claimed(e->sasl), "timeout");
		end_with(e, &fault_auth_failed);
		return;
	case EXCHANGE_COMPARES:
		end_with(e, &fault_password_failed);
		return;
	case EXCHANGE_REFUSED:
		end_with(e, &fault_auth_failed);
		return;
	}
}

static void
succeed(struct exchange *e, const struct user *u, struct span last)
{
	static struct sasl_done m;
	OWNED(fd_close) int stream = -1;
	struct span login = sasl_login(e->sasl);
	const struct fault *f;

	if (login.len == 0) /* EXTERNAL without a name */
		login = span_of(u->login);

	m = (struct sasl_done){ .head = { .type = SASL_DONE,
					.serial = e->head.serial,
					.session = e->head.session } };
	f = login_grant(e->auth, e, u, &m, &stream);
	if (f) {
		end_with(e, f);
		return;
	}
	slow_succeeded(&e->auth->slow, clock_tick(), e->peer, login);
	m.blob_len = (uint16_t)last.len;
	if (last.len > 0)
		memcpy(m.blob, last.at, last.len);
	LOG(EV_LOGIN_SUCCEEDED, e->head.session,
		log_text(span_of(service_of(e))), log_text(login),
		log_text(span_of(mechanism_names[e->mechanism])),
		log_address(e->peer));
	if (channel_send(e->asker, &m, stream))
		LOG(EV_LOGIN_FAILED, e->head.session,
			log_text(span_of(service_of(e))), log_text(login),
			log_text(span_of(mechanism_names[e->mechanism])),
			log_address(e->peer), log_text(SPAN("asker is gone")));
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

/* --- steps --------------------------------------------------------------- */

static void
find_keys(void *owner, struct span login, struct scram_keys *out)
{
	keys_find(owner, login, out);
}

static bool
is_too_old(const struct auth *a, const struct credential *c)
{
	int64_t most = policy_of(a)->max_age_us;

	return !c->app && most > 0 &&
		clock_instant().us - credential_made(c) >= most;
}

/* The users file may have changed since the first step: what was proven is what
 * the account had then. */
static void
conclude(struct exchange *e, bool right, struct span last)
{
	struct credential c;

	if (!users_credential(e->auth->users, sasl_login(e->sasl), &c))
		refuse(e, "wrong credential");
	else if (c.user->state != USER_ENABLED)
		refuse(e, "disabled");
	else if (burnt_has(e->auth->burnt, e->auth->users, c.user))
		refuse(e, "burnt");
	else if (!right || c.user->epoch != e->epoch)
		refuse(e, "wrong credential");
	else if (is_too_old(e->auth, &c))
		refuse(e, "password expired");
	else if (!credential_serves(&c,
			 e->wants_session ? SCOPE_IMAP : SCOPE_SMTP))
		refuse(e, "not for this service");
	else
		succeed(e, c.user, last);
}

/* Whoever holds the key of a certificate is its account and nobody else
 * (AU-D13); submission and login say which one they saw proven. */
static void
conclude_external(struct exchange *e)
{
	struct auth *a = e->auth;
	struct span name = sasl_login(e->sasl);
	struct credential c;

	if (!e->has_certificate ||
		!users_certificate(a->users, e->certificate, &c))
		refuse(e, "no certificate of an account");
	else if (name.len > 0 && !span_equals_nocase(name, span_of(c.user->login)))
		refuse(e, "another's certificate");
	else if (c.user->state != USER_ENABLED)
		refuse(e, "disabled");
	else if (burnt_has(a->burnt, a->users, c.user))
		refuse(e, "burnt");
	else
		succeed(e, c.user, SPAN(""));
}

/* --- credentials in clear ------------------------------------------------- */

static void
burn(struct exchange *e, const struct credential *c)
{
	struct auth *a = e->auth;
	const struct fault *f = burnt_add(a->burnt, a->burnt_file, c,
		clock_instant());

	LOG(EV_CREDENTIAL_BURNT, e->head.session,
		log_text(sasl_login(e->sasl)), log_address(e->peer),
		log_text(f || a->burnt_file < 0 ? SPAN("until a restart")
						: SPAN("for ever")));
	epochs_change(a);
}

/* A wrong one costs its source as any other; a right one, its owner, for whoever
 * listened has it.  Nobody else burns it: he would have to know it. */
static void
conclude_in_clear(struct exchange *e, bool right)
{
	struct auth *a = e->auth;
	struct credential c;

	if (right && users_credential(a->users, sasl_login(e->sasl), &c) &&
		c.user->epoch == e->epoch &&
		!burnt_has(a->burnt, a->users, c.user))
		burn(e, &c);
	slow_failed(&a->slow, clock_tick(), e->peer, sasl_login(e->sasl));
	forget(e);
}

void
exchange_compared(struct exchange *e, bool right)
{
	if (e->in_clear)
		conclude_in_clear(e, right);
	else
		conclude(e, right, SPAN(""));
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
		if (e->mechanism == SASL_EXTERNAL)
			conclude_external(e);
		else
			conclude(e, true, buf_view(&out));
		return;
	case SASL_COMPARE:
		e->state = EXCHANGE_COMPARES;
		timer_set(e->timer, CHECK_US);
		compare(e);
		return;
	case SASL_REFUSED:
		refuse(e, "malformed or not proven");
		return;
	}
}

static struct exchange *
start(struct auth *a, struct channel *c, const struct sasl_step *m)
{
	uint32_t i = table_insert(&a->table,
		span_at(&m->head.session, sizeof m->head.session));
	struct exchange *e;

	if (i == TABLE_NONE)
		return NULL;
	e = &a->exchanges[i];
	*e = (struct exchange){ .auth = a,
		.asker = c,
		.head = m->head,
		.mechanism = m->mechanism < SASL_MECHANISMS ? m->mechanism
							    : SASL_NONE,
		.wants_session = c && channel_peer(c) == LOGIN &&
			m->wants_session };
	memcpy(e->peer, m->peer, sizeof e->peer);
	e->has_certificate = m->has_certificate;
	memcpy(e->certificate, m->certificate, sizeof e->certificate);
	list_init(&e->turn);
	if (timer_open(role_loop(a->role), timed_out, e, &e->timer)) {
		forget(e);
		return NULL;
	}
	return e;
}

static void
begin(struct auth *a, struct channel *c, const struct sasl_step *m)
{
	struct span session =
		span_at(&m->head.session, sizeof m->head.session);
	struct exchange *e = find(a, c, m->head.session);

	if (e) /* the one before was given up */
		forget(e);
	/* what is still there is another role's */
	e = a->users && table_find(&a->table, session) == TABLE_NONE
		? start(a, c, m)
		: NULL;
	if (!e) {
		say_fault(c, &m->head, &fault_ipc_busy);
		return;
	}
	if (is_locked(e))
		refuse_locked(e);
	else if (sasl_open(m->mechanism, span_at(m->exporter, m->exporter_len),
		    find_keys, e, &e->sasl))
		refuse(e, "mechanism");
	else
		take_turn(e, m);
}

void
exchange_step(struct auth *a, struct channel *c, const struct sasl_step *m)
{
	struct exchange *e;

	if (m->blob_len > sizeof m->blob ||
		m->exporter_len > sizeof m->exporter) {
		say_fault(c, &m->head, &fault_ipc_busy);
		return;
	}
	if (m->start) {
		begin(a, c, m);
		return;
	}
	e = find(a, c, m->head.session);
	if (!e || e->state != EXCHANGE_OPEN) {
		say_fault(c, &m->head, &fault_ipc_busy);
		return;
	}
	e->head.serial = m->head.serial;
	take_turn(e, m);
}

/* Nobody waits for an answer. */
void
exchange_burn(struct auth *a, const struct sasl_in_clear *m)
{
	static uint8_t room[SASL_BLOB_MAX];
	struct sasl_step step = { .head = m->head, .mechanism = SASL_PLAIN };
	struct buf out = BUF(room);
	struct span session = span_at(&m->head.session, sizeof m->head.session);
	struct exchange *e = NULL;

	memcpy(step.peer, m->peer, sizeof step.peer);
	if (a->users && m->blob_len > 0 && m->blob_len <= sizeof m->blob &&
		table_find(&a->table, session) == TABLE_NONE)
		e = start(a, NULL, &step);
	if (!e) {
		slow_failed(&a->slow, clock_tick(), m->peer, SPAN(""));
		return;
	}
	e->in_clear = true;
	if (is_locked(e) ||
		sasl_open(SASL_PLAIN, SPAN(""), find_keys, e, &e->sasl) ||
		sasl_turn(e->sasl, true, span_at(m->blob, m->blob_len), &out) !=
			SASL_COMPARE) {
		slow_failed(&a->slow, clock_tick(), e->peer, SPAN(""));
		forget(e);
		return;
	}
	e->state = EXCHANGE_COMPARES;
	timer_set(e->timer, CHECK_US);
	compare(e);
}
