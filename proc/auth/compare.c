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
mac_of(const struct auth *a, const struct credential *c, struct span password,
	uint8_t mac[MAC_OCTETS])
{
	uint8_t room[4 + 8 + 2 + APP_NAME + 2 + SASL_BLOB_MAX];
	struct buf b = BUF(room);

	MUST(put_u32(&b, c->user->account) &&
		put_u64(&b, (uint64_t)credential_made(c)) &&
		put_block(&b, credential_name(c)) &&
		put_block(&b, password));
	mac_make(&a->proven_key, buf_view(&b), mac);
	explicit_bzero(room, sizeof room);
}

static struct proven *
place_of(struct auth *a, const struct credential *c)
{
	uint64_t n = c->user->account + (uint64_t)credential_made(c);

	return &a->proven[n % PROVEN];
}

static bool
is_proven(struct auth *a, const struct credential *c, struct span password)
{
	struct proven *p = place_of(a, c);
	uint8_t mac[MAC_OCTETS];

	mac_of(a, c, password, mac);
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

static bool
find(const struct exchange *e, struct credential *out)
{
	return users_credential(e->auth->users, sasl_login(e->sasl), out) &&
		out->user->state == USER_ENABLED;
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
	struct span password = sasl_password(e->sasl);
	struct credential found;
	bool known = find(e, &found);

	MUST(password.len <= sizeof c->password);
	e->epoch = known ? found.user->epoch : 0;
	memcpy(c->verifier,
		known ? credential_verifier(&found) : password_nobody(),
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
	struct credential c;

	if (!find(e, &c) || c.user->epoch != e->epoch)
		return;
	mac_of(a, &c, sasl_password(e->sasl), place_of(a, &c)->mac);
	place_of(a, &c)->at = clock_tick();
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
	bool late = slow_failures(&a->slow, clock_tick(), e->peer) > 0;
	struct credential c;

	if (find(e, &c) && is_proven(a, &c, sasl_password(e->sasl))) {
		e->epoch = c.user->epoch;
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
