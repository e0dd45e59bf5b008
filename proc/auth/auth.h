/* auth.h -- who has a mailbox here, who may log in, what belongs to a login.
 *
 * Passwords and verifiers live in this process only.  A failed login costs its
 * source time (slow.h).  Every refusal reads the same, whether the login exists
 * or not (NC-2.2.c).
 */
#pragma once

#include "lib/base/list.h"
#include "lib/base/table.h"
#include "lib/conf/addresses.h"
#include "proc/auth/slow.h"
#include "state/users/burnt.h"
#include "state/users/rules.h"
#include "state/users/users.h"
#include "sys/mac.h"
#include "sys/role.h"
#include "sys/sasl.h"
#include "sys/workers.h"

#define EXCHANGES_MAX 4096        /* logins at work at a moment           */
#define EXCHANGE_US   SECONDS(30) /* for the client's next message        */
#define CHECK_US      SECONDS(10) /* for a turn at comparing passwords    */
#define GRANT_LAST_US MINUTES(15) /* for the last message of a session    */
#define LOCKED_US     SECONDS(5)  /* before a locked address is refused  */
#define PROVEN        4096 /* passwords that were proven lately           */
#define PROVEN_US     MINUTES(10)

/* A password that was right lately, as a MAC of account and password under a
 * key of this process: saves Argon2id for clients that log in all the time. */
struct proven {
	uint8_t mac[MAC_OCTETS];
	struct tick at;
};

enum exchange_state {
	EXCHANGE_OPEN,     /* the client speaks next                     */
	EXCHANGE_COMPARES, /* its password waits for its turn            */
	EXCHANGE_REFUSED,  /* the refusal waits for its time             */
};

struct exchange {
	struct auth *auth;
	struct channel *asker;
	struct sasl *sasl;
	struct timer *timer; /* ends what the state waits for */
	struct list turn;    /* EXCHANGE_COMPARES: in auth->turns */
	struct head head;
	enum exchange_state state;
	uint32_t mechanism;
	uint8_t peer[16];
	bool wants_session;
	bool has_certificate;
	uint8_t certificate[CERTIFICATE_HASH];
	bool in_clear;  /* nobody asks: burn it if it is right */
	uint32_t epoch; /* of the account whose keys were looked at */
};

struct auth {
	struct role_process *role;
	struct users *users; /* NULL: none that is sound */
	int epochs;          /* theirs, sealed memory; -1: none */
	struct burnt *burnt;
	int burnt_file;      /* to append to; -1: none */
	struct addresses *addresses, *spare; /* in force; for the next file */
	struct mac_key proven_key;
	struct slow slow;
	struct table table; /* of exchanges, by session */
	struct table_slot slots[EXCHANGES_MAX];
	struct exchange exchanges[EXCHANGES_MAX];
	struct list turns[2]; /* [1]: of sources that failed lately */
	uint32_t turns_taken;
	uint32_t workers_wanted;
	struct workers *workers;
	struct exchange *compared[WORKERS_MOST]; /* by each; NULL: none */
	struct proven proven[PROVEN];
};

/* rcpt.c */
void rcpt_answer(struct auth *a, struct channel *c, const struct rcpt_check *m);

/* addresses.c: the file of addresses; a bad one changes nothing. */
FALLIBLE addresses_start(struct auth *a);
void addresses_use(struct auth *a, int fd);
void addresses_forget(struct auth *a);

/* Tell the operator what leads nowhere, after either file changed. */
void addresses_report(const struct auth *a);

/* audit.c: what another users file changes, and who brought it (a user id). */
void audit_users(const struct users *before, const struct users *after,
	uint32_t actor);

/* exchange.c */
void exchange_start_all(struct auth *a);
void exchange_step(struct auth *a, struct channel *c,
	const struct sasl_step *m);
void exchange_forget_asker(struct auth *a, struct channel *c);

/* A credential in clear: whose it was does not log in any more. */
void exchange_burn(struct auth *a, const struct sasl_in_clear *m);

/* The password was right, or was not. */
void exchange_compared(struct exchange *e, bool right);

/* compare.c: passwords, each in its turn.  exchange_compared tells. */
void compare_start(struct auth *a);
FALLIBLE compare_start_threads(struct auth *a);
void compare(struct exchange *e);
void compare_forget(struct exchange *e);
void compare_forget_all(struct auth *a);

/* login.c: a login that succeeded. */
FALLIBLE login_grant(struct auth *a, const struct exchange *e,
	const struct user *u, struct sasl_done *done, int *stream);

/* Whether the peer of this connection may relay by its address. */
void login_relay(const struct auth *a, struct channel *c,
	const struct head *head, int connection);

/* epochs.c: what is in force now is so for what logins gave before, too.  Tell
 * all who hold such things after a change, or `only` one. */
void epochs_change(struct auth *a);
void epochs_tell(struct auth *a, struct channel *only);

/* keys.c: the SCRAM keys of a login, or of one that nobody has; the epoch of
 * its account goes into the exchange. */
void keys_find(struct exchange *e, struct span login, struct scram_keys *out);
