/* keeper.h -- the process that owns the mailboxes.
 *
 * A turn of the loop reads what every channel has; what changes something is
 * appended and its answer held; the end of the turn is one sync, and then all
 * answers go out.
 */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/list.h"
#include "lib/base/number.h"
#include "lib/base/table.h"
#include "lib/base/time.h"
#include "state/store/store.h"
#include "sys/epochs.h"
#include "sys/pool.h"
#include "sys/role.h"

#define ANSWERS_MAX    4096    /* held until the sync                        */
#define DELIVERED_MAX  4096    /* deliveries to be logged after it           */
#define DELIVERIES_MAX 4096    /* begun, recipients still coming; each has a
				* block of memory at least                   */
#define RCPTS_MAX      1000    /* of one delivery                            */
#define RCPTS_MEMORY   ((size_t)DELIVERIES_MAX * ARENA_BLOCK)
#define RCPTS_WAIT     SECONDS(60) /* for all recipients of a delivery       */
#define SENDERS_MAX    16      /* channels that deliver                      */
#define SESSIONS_MAX   8192    /* mailbox sessions                           */
#define QUESTIONS_MAX  4       /* of one session in a turn: it has one on its
				* way unless it was taken over               */
#define REST_US        100000  /* without work: the index is brought up      */

/* A held answer.  All of them have `fault` where its type says. */
struct answer {
	struct channel *to; /* NULL: gone meanwhile */
	union {
		struct head head;
		struct deliver_done deliver;
		struct store_added added;
		struct store_done done;
	} m;
};

/* For the log, when it is true. */
struct delivered {
	uint64_t session, id, size;
	uint32_t account, uid;
};

/* A channel that deliveries come from.  They share the room: none has more of
 * it than is left for the others, so one that is taken over stops nobody. */
struct sender {
	struct channel *channel;
	uint32_t slot;
	uint32_t blocks; /* of memory, that its deliveries have */
};

struct rcpt {
	struct rcpt *next;
	struct store_rcpt rcpt;
	uint8_t address[];
};

struct delivery_key {
	uint64_t sender, session, serial;
};

struct delivery {
	struct list by_age; /* of begun */
	struct delivery_key key;
	struct sender *from;
	struct deliver_open open;
	struct tick began;
	int body;
	uint32_t came;   /* recipients so far  */
	uint32_t blocks; /* of memory, for all */
	struct arena memory;
	struct rcpt *first, **last;
};

/* A session process, which sees one account and has one mailbox open. */
struct session {
	struct session *next, **link; /* of the same bucket */
	struct list greedy;           /* has asked enough in this turn */
	struct channel *channel;
	struct box box;   /* mailbox 0: none is open */
	uint32_t epoch;   /* of the account at the login */
	uint64_t modseq;
	uint32_t slot;
	uint32_t held;    /* answers not sent yet */
	uint32_t turn, asked; /* questions in that turn */
	bool changed, told;
};

#define BUCKETS 1024 /* a power of two */

struct keeper {
	struct role_process *role;
	struct store *store;
	struct timer *rest, *overdue;
	int directory;
	bool stopping, busy;
	struct epochs epochs;

	struct answer answers[ANSWERS_MAX];
	size_t answer_count;
	struct delivered delivered[DELIVERED_MAX];
	size_t delivered_count;

	struct pool *senders, *sessions;
	struct delivery deliveries[DELIVERIES_MAX];
	struct table_slot delivery_slots[DELIVERIES_MAX];
	struct table delivery_table;
	struct list begun; /* deliveries, the oldest first */
	struct arena_pool rcpt_memory;
	uint32_t blocks_left; /* of it */
	struct session *bucket[BUCKETS];
	struct list greedy; /* sessions that wait for the next turn */
	uint32_t turn;
	bool some_changed;
};

static inline struct span
name_of(const struct mailbox_name *n)
{
	return span_at(n->octets, n->len);
}

/* --- keeper.c ------------------------------------------------------------ */

extern const struct handlers keeper_handlers;

/* All memory and the timers.
 *
 * sys_failed */
FALLIBLE keeper_open(struct keeper *k, struct role_process *r, struct loop *l);

void keeper_linked(void *keeper, struct channel *c,
	const struct link_given *m);
void keeper_unlinked(void *keeper, struct channel *c);

/* Bring the index up. */
void keeper_rest(void *keeper);

/* --- turn.c -------------------------------------------------------------- */

/* Hold an answer until what it says is on the disk.  `m` is one of the structs
 * of the union. */
void answer_hold(struct keeper *k, struct channel *to, const void *m,
	size_t size);

/* Make everything durable and send what was held. */
void answers_send(struct keeper *k);

/* The end of a turn. */
void turn_end(void *keeper);

void answers_forget(struct keeper *k, struct channel *c);

/* --- delivery.c ---------------------------------------------------------- */

void delivery_open(void *keeper, struct channel *c, const void *message,
	int fd);
void delivery_rcpt(void *keeper, struct channel *c, const void *message,
	int fd);
void sender_begin(struct keeper *k, struct channel *c);

/* What it began goes with it. */
void sender_end(struct keeper *k, struct channel *c);

/* Refuse what began RCPTS_WAIT before `now` or earlier. */
void deliveries_give_up(struct keeper *k, struct tick now);

/* --- session.c ----------------------------------------------------------- */

/* The session of a channel; NULL when it has none. */
struct session *session_of(struct channel *c);

/* The same for a question that has come, NULL also without a store.  Who asks
 * too much waits for the next turn, so that others have theirs. */
struct session *session_asks(struct keeper *k, struct channel *c);
void sessions_go_on(struct keeper *k);

void session_begin(struct keeper *k, struct channel *c,
	const struct link_given *m);
void session_end(struct keeper *k, struct channel *c);

/* auth says which logins have ended: their sessions lose the mailboxes. */
on_message sessions_judge;

/* The store says a mailbox changed; tell those who have it open. */
void session_changed(void *keeper, struct box b, uint64_t modseq);
void sessions_tell(struct keeper *k);

/* --- read.c, change.c ---------------------------------------------------- */

on_message session_list, session_status, session_open, session_view,
	session_close, session_fetch, session_piece;
on_message session_edit, session_mark, session_expunge, session_copy,
	session_append;

/* The ranges of a request as the store wants them, into `out`, which has room
 * for STORE_RANGES.
 *
 * ipc_malformed  not ascending, too many, or not where they should be */
FALLIBLE take_ranges(const struct uid_spans *spans, int fd, struct buf *out);
