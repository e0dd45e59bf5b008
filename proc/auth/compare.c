/* compare.c -- is it the password?
 *
 * Argon2id takes some 70 ms and 64 MiB, so workers do it, one password each;
 * meanwhile recipients and other exchanges are served.  Passwords queue for
 * them.  A source that failed lately gets one turn in four, so that guessing
 * does not keep the others out.
 */
#include <string.h>

#include "lib/base/codec.h"
#include "lib/base/must.h"
#include "proc/auth/auth.h"
#include "sys/clock.h"
#include "sys/crypto.h"

#define SHARE 4

/* --- passwords that were proven lately ----------------------------------- */

static void
mac_of(const struct auth *a, const struct user *u, struct span password,
	uint8_t mac[MAC_OCTETS])
{
	uint8_t room[4 + 8 + 2 + SASL_BLOB_MAX];
	struct buf b = BUF(room);

	MUST(put_u32(&b, u->account) &&
		put_u64(&b, (uint64_t)u->changed_us) &&
		put_block(&b, password));
	mac_make(&a->proven_key, buf_view(&b), mac);
	explicit_bzero(room, sizeof room);
}

static struct proven *
place_of(struct auth *a, const struct user *u)
{
	return &a->proven[u->account % PROVEN];
}

static bool
is_proven(struct auth *a, const struct user *u, struct span password)
{
	struct proven *p = place_of(a, u);
	uint8_t mac[MAC_OCTETS];

	mac_of(a, u, password, mac);
	return p->at.us != 0 && clock_tick().us - p->at.us < PROVEN_US &&
		octets_equal(span_at(p->mac, sizeof mac),
			span_at(mac, sizeof mac));
}

void
compare_forget_all(struct auth *a)
{
	explicit_bzero(a->proven, sizeof a->proven);
}

/* --- turns --------------------------------------------------------------- */

static const struct user *
enabled_user(const struct auth *a, struct span login)
{
	const struct user *u = users_by_login(a->users, login);

	return u && u->state == USER_ENABLED ? u : NULL;
}

/* What a worker is given, and what it says. */
struct comparison {
	char verifier[PASSWORD_VERIFIER];
	uint8_t password[SASL_BLOB_MAX];
	size_t len;
	bool right;
};

static void
run(void *job)
{
	struct comparison *c = job;

	c->right = password_holds(c->verifier, span_at(c->password, c->len));
	password_wipe(c->password, sizeof c->password);
}

static struct exchange *
take_turn(struct auth *a)
{
	bool late = ++a->turns_taken % SHARE == 0;
	struct list *l = &a->turns[late];
	struct exchange *e;

	if (list_is_empty(l))
		l = &a->turns[!late];
	if (list_is_empty(l))
		return NULL;
	e = HOLDER(l->next, struct exchange, turn);
	list_remove(&e->turn);
	return e;
}

/* Whoever has no account takes as long. */
static void
give(struct auth *a, uint32_t worker, struct exchange *e)
{
	struct comparison *c = workers_job(a->workers, worker);
	const struct user *u = enabled_user(a, sasl_login(e->sasl));
	struct span password = sasl_password(e->sasl);

	MUST(password.len <= sizeof c->password);
	e->epoch = u ? u->epoch : 0;
	memcpy(c->verifier, u ? u->verifier : password_nobody(),
		sizeof c->verifier);
	memcpy(c->password, password.at, password.len);
	c->len = password.len;
	a->compared[worker] = e;
	workers_start(a->workers, worker);
}

static void
give_out(struct auth *a)
{
	uint32_t worker;
	struct exchange *e;

	while (a->workers &&
		(worker = workers_idle(a->workers)) != WORKERS_NONE &&
		(e = take_turn(a)) != NULL)
		give(a, worker, e);
}

static void
remember(const struct exchange *e)
{
	struct auth *a = e->auth;
	const struct user *u = enabled_user(a, sasl_login(e->sasl));

	if (!u || u->epoch != e->epoch)
		return;
	mac_of(a, u, sasl_password(e->sasl), place_of(a, u)->mac);
	place_of(a, u)->at = clock_tick();
}

static void
done(void *owner, uint32_t worker)
{
	struct auth *a = owner;
	struct comparison *c = workers_job(a->workers, worker);
	struct exchange *e = a->compared[worker];

	a->compared[worker] = NULL;
	if (e && c->right)
		remember(e);
	if (e)
		exchange_compared(e, c->right);
	give_out(a);
}

void
compare_start(struct auth *a)
{
	list_init(&a->turns[0]);
	list_init(&a->turns[1]);
	a->workers_wanted = workers_wanted();
}

FALLIBLE
compare_start_threads(struct auth *a)
{
	struct workers_setup setup = { .loop = role_loop(a->role),
		.count = a->workers_wanted,
		.job_size = sizeof(struct comparison),
		.run = run,
		.done = done,
		.owner = a };

	TRY(workers_open(&setup, &a->workers));
	give_out(a); /* what came before */
	return OK;
}

void
compare(struct exchange *e)
{
	struct auth *a = e->auth;
	const struct user *u = enabled_user(a, sasl_login(e->sasl));
	bool late = slow_failures(&a->slow, clock_tick(), e->peer) > 0;

	if (u && is_proven(a, u, sasl_password(e->sasl))) {
		e->epoch = u->epoch;
		exchange_compared(e, true);
		return;
	}
	list_append(&a->turns[late], &e->turn);
	give_out(a);
}

void
compare_forget(struct exchange *e)
{
	list_remove(&e->turn);
	for (uint32_t i = 0; i < WORKERS_MOST; i++)
		if (e->auth->compared[i] == e)
			e->auth->compared[i] = NULL;
}
