/* auth.h -- who has a mailbox here, who may log in, what belongs to a login.
 *
 * Passwords and verifiers live in this process only.  A failed login costs its
 * source time (AU-D07): the answer comes later and later, while an owner who
 * comes from elsewhere is not slowed by it.  Every refusal reads the same,
 * whether the login exists or not (NC-2.2.c).
 */
#pragma once

#include "lib/base/time.h"
#include "state/users/users.h"
#include "sys/mac.h"
#include "sys/pool.h"
#include "sys/role.h"
#include "sys/sasl.h"

#define EXCHANGES_MAX 512 /* logins at work at a moment                   */
#define EXCHANGE_US   MINUTES(2)
#define GRANT_US      HOURS(12)
#define SOURCES       4096 /* sources whose failures are remembered       */
#define PROVEN        4096 /* passwords that were proven lately           */
#define PROVEN_US     MINUTES(10)

/* Failures of one source: an IPv4 /24 or IPv6 /64. */
struct source {
	uint64_t key;
	uint32_t failures;
	struct tick last;
};

/* A password that was right lately, as a MAC of account and password under a
 * key of this process: saves Argon2id for clients that log in all the time. */
struct proven {
	uint8_t mac[MAC_OCTETS];
	struct tick at;
};

struct exchange {
	struct auth *auth;
	struct channel *asker; /* NULL: gone */
	struct sasl *sasl;
	struct timer *timer; /* of the exchange, or until a refusal is sent */
	struct head head;
	uint32_t slot, mechanism;
	uint8_t peer[16];
	bool wants_session, refused;
};

struct auth {
	struct role_process *role;
	struct users *users;
	struct mac_key grant_key, proven_key;
	struct pool *exchanges;
	struct source sources[SOURCES];
	struct proven proven[PROVEN];
};

/* rcpt.c */
void rcpt_answer(struct auth *a, struct channel *c, const struct rcpt_check *m);

/* exchange.c */
void exchange_step(struct auth *a, struct channel *c,
	const struct sasl_step *m);
void exchange_forget_asker(struct auth *a, struct channel *c);

/* login.c: a login that succeeded. */
FALLIBLE login_grant(struct auth *a, const struct exchange *e,
	const struct user *u, struct sasl_done *done, int *stream);

/* slow.c */
int64_t slow_wait(struct auth *a, const uint8_t peer[16]);
void slow_failed(struct auth *a, const uint8_t peer[16]);
void slow_succeeded(struct auth *a, const uint8_t peer[16]);

/* check.c: is it the password?  `u` NULL: nobody's, in the same time. */
bool check_password(struct auth *a, const struct user *u,
	struct span password);
void check_forget_all(struct auth *a);
