/* intake.h -- SMTP sessions and the message each hands in: what mx and
 * submission share.
 *
 * A session is a stream, the engine of lib/smtp and one transaction.  What the
 * engine asks for goes to other processes; one question of a session is on its
 * way at a time.  The order at the end of a message:
 *
 *	seal the body -> scan's verdict -> queue (remote recipients, with the
 *	grant) -> store (local recipients) -> 250
 *
 * Store comes last, so that a message that is refused is in no mailbox; the
 * queue keeps its part back until it hears how that went (proc/queue/queue.h).
 */
#pragma once

#include "intake/inspect.h"
#include "intake/patience.h"
#include "intake/transaction.h"
#include "lib/base/number.h"
#include "lib/base/list.h"
#include "lib/policy/shed.h"
#include "lib/smtp/server.h"
#include "sys/epochs.h"
#include "sys/pool.h"
#include "sys/role.h"
#include "sys/stream.h"

struct session;

struct intake {
	struct role_process *role;
	bool submission;
	struct tls_context *tls;
	struct channel *keys; /* NULL: away */
	struct pool *sessions;
	struct list strangers; /* sessions without a message, oldest first */
	struct arena_pool arenas;
	struct smtp_profile profiles[SITE_PERMITS]; /* by permit */
	struct epochs epochs;
	struct shed shed;
	uint32_t shed_told; /* its level that the log knows */
	bool stopping;
};

/* Whose answer a session waits for. */
enum waits { WAITS_NOT, WAITS_RCPT, WAITS_LOGIN, WAITS_SPOOL, WAITS_VERDICT,
	WAITS_QUEUE, WAITS_STORE, WAITS_GRANT, WAITS_LIMIT, WAITS_UNKNOWN };

/* What a successful login gave; zero before. */
struct login_facts {
	struct grant grant;
	struct span name;      /* of the login or relay; in the session's arena */
	struct span addresses; /* blocks, in the session's arena */
};

struct session {
	struct list link; /* in strangers */
	struct intake *in;
	struct stream *stream; /* NULL: over, to be forgotten */
	uint64_t id;
	uint32_t slot, serial; /* serial: of the question on its way */
	enum waits waits;
	const struct channel *asked; /* while it waits */
	uint8_t peer[16];
	uint16_t permit;
	bool running, shaking;
	const struct fault *ending; /* why it ends once nothing is at its end */
	uint64_t octets; /* of accepted messages */
	uint64_t unpaid; /* of messages, not yet told to the meter */
	struct tick kept; /* when the message came to its end */
	struct patience patience;
	struct inspected inspected;
	struct timer *timer;
	uint32_t mark; /* the step's number among its kind */
	struct arena arena; /* of the login */
	struct login_facts login;
	struct transaction txn;
	struct smtp_server engine;
};

/* The whole life of the process, for main(). */
int intake_main(enum role self);

/* limit.c: what a session asks the meter.  The first two are answered later. */
FALLIBLE limit_rcpt(struct session *s, const struct smtp_ask *ask);
FALLIBLE limit_message(struct session *s);
void limit_unknown(struct session *s);
void limit_octets(struct session *s, uint64_t octets);
void limit_ended(struct session *s);
void limit_measure(struct session *s);
bool limit_is_busy(void *owner); /* busy of the door */
on_message limit_answered;

/* session.c */
on_accept session_open;

/* make_place of the door: whoever has sent no message yet and has been here
 * longest is told to come back (421). */
make_place session_make_place;
void session_run(struct session *s);
void session_stop_all(struct intake *in);

/* auth says which logins have ended: their sessions do, too. */
on_message session_judge_all;

/* A channel has ended: whoever waits for an answer on it reads 451. */
void session_lost(struct intake *in, const struct channel *c);

/* The session that asked, if it still waits for this answer; it does not any
 * more afterwards. */
struct session *session_asker(struct intake *in, const struct head *head,
	enum waits waits);

/* Fields of a question of `type`; the session now waits. */
struct head session_question(struct session *s, uint32_t type,
	enum waits waits);

/* ask.c: do what the engine asks for.  A fault is its answer; OK with
 * s->waits == WAITS_NOT: it was answered on the spot. */
FALLIBLE ask_for(struct session *s, const struct smtp_ask *ask);

/* The meter agrees: take the recipient elsewhere, make room for the message. */
/* Ask auth whether the client is a listed host (NC-2.1.5, footnote 3). */
FALLIBLE ask_relay(struct session *s);

/* It may relay by its address: may it as this sender? */
FALLIBLE ask_check_relay(struct session *s);
FALLIBLE ask_take_remote(struct session *s);
FALLIBLE ask_open_body(struct session *s);

/* What a message is called in the log and in Received: session and number. */
bool put_message_id(struct buf *b, const struct session *s);

/* complete.c: of a user or a listed host, before the header is judged.
 *
 * sender_not_owned  no sender, and no report either; storage_... */
FALLIBLE complete_message(struct session *s);

/* commit.c: the end of a message. */
FALLIBLE commit_begin(struct session *s);

/* answer.c: what the other processes say. */
extern const struct handlers intake_handlers;
void answer_fault(struct session *s, const struct fault *f);
