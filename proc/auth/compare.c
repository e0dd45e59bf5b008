/* compare.c -- is it the password?
 *
 * Argon2id takes some 70 ms and this process has one thread.  So passwords
 * queue for it, one a turn of the loop: between two of them recipients and
 * other exchanges are served.  A source that failed lately gets one turn in
 * four, so that guessing does not keep the others out.
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

/* Whoever has no account takes as long. */
static bool
is_right(struct exchange *e, struct span password)
{
	struct auth *a = e->auth;
	const struct user *u = enabled_user(a, sasl_login(e->sasl));

	if (!password_holds(u ? u->verifier : password_nobody(), password) ||
		!u)
		return false;
	e->epoch = u->epoch;
	mac_of(a, u, password, place_of(a, u)->mac);
	place_of(a, u)->at = clock_tick();
	return true;
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

static void
next_turn(void *arg)
{
	struct auth *a = arg;
	struct exchange *e = take_turn(a);

	if (!e)
		return;
	exchange_compared(e, is_right(e, sasl_password(e->sasl)));
	timer_set(a->turn, 0);
}

FALLIBLE
compare_start(struct auth *a)
{
	list_init(&a->turns[0]);
	list_init(&a->turns[1]);
	return timer_open(role_loop(a->role), next_turn, a, &a->turn);
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
	timer_set(a->turn, 0);
}
