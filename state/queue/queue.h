/* queue.h -- mail for other servers: a journal, and the schedule in memory.
 *
 *	message   not there -> QUEUE_MESSAGE -> waiting -> QUEUE_DONE -> not there
 *	recipient PENDING -> (DEFERRED ->)* DONE or FAILED, each a QUEUE_STATE
 *
 * Nothing gets in without the grant of a login and the scanner's verdict for
 * exactly these octets (NC-2.1.5, NC-2.3.2): queue_add looks at both seals and
 * hashes what it copies.
 */
#pragma once

#include "lib/base/time.h"
#include "state/journal/journal.h"
#include "state/queue/record.h"
#include "sys/epochs.h"
#include "sys/mac.h"
#include "trust/messages.h"

/* So long is a message kept back whose session has to say more: longer than a
 * session waits for store (intake/session.c). */
#define QUEUE_AWAITED MINUTES(15)

struct queue;

struct queue_rcpt {
	struct span address, orcpt;
	uint8_t notify; /* bits of lib/mail/notify.h */
	uint32_t state; /* enum rcpt_state */
	uint32_t attempts;
	int64_t next_us; /* struct instant; the next attempt */
	uint16_t code, text_len;
	uint8_t enhanced[12];
	uint8_t *text; /* NULL: none */
	bool at_work;
};

/* Where the operator sends a message instead. */
struct queue_route {
	uint16_t port, len;
	uint8_t host[];
};

/* Messages that wait for something other than a time, first come first. */
struct queue_line {
	struct queued *first, *last;
	size_t count;
};

struct queued {
	uint64_t id; /* never used for another message */
	uint64_t session, size;
	int64_t arrived_us;
	uint32_t account, count, open; /* open: recipients not DONE or FAILED */
	uint8_t ret; /* enum dsn_return */
	bool eight_bit, utf8, held, at_work, reporting, awaited, noticed;
	uint8_t from; /* enum role that may say more of an awaited one */
	uint8_t unreported; /* so often its report could not be handed over */
	struct place place;
	struct queue_route *route; /* NULL: as the settings say */
	struct span sender, envid;
	size_t heap;   /* where in the schedule */
	int64_t due_us; /* key of the schedule, also the last one */
	struct queue_line *line; /* where it stands instead; NULL: nowhere */
	struct queued *before, *behind; /* in that line */
	struct queued *older, *newer;
	struct queue_rcpt rcpts[];
};

struct queue_setup {
	struct journal_setup journal;
	struct mac_key verdicts, grants;
	const struct epochs *epochs; /* borrowed; NULL: nobody logs in */
	uint32_t most; /* messages */
	int64_t schedule_us[32]; /* waits between attempts, the last repeats */
	size_t schedule_count;   /* 1 to 32 */
	int64_t expire_us;
	uint32_t kinds;   /* of grants that hand in, GRANT_BIT joined  */
	uint32_t outcome; /* enum outcome that a verdict must have     */
};

/* Recover what is queued.
 *
 * as journal_open */
FALLIBLE queue_open(const struct queue_setup *setup, struct queue **out);
void queue_close(struct queue **q);

/* Take a message in; durable after queue_commit.
 *
 * m       envelope, verdict and grant; awaited: it is due only after queue_keep,
 *         QUEUE_AWAITED or a restart
 * rcpts   m->rcpts of them
 * body    descriptor, read from its start; stays the caller's
 *
 * grant_missing, verdict_missing  seals that do not hold, an ended grant, or a
 *                   verdict that is not what the site demands
 * verdict_mismatch  other octets than those of the verdict
 * ipc_malformed     a recipient or wish that there cannot be
 * queue_full, storage_full, storage_failed */
FALLIBLE queue_add(struct queue *q, const struct enqueue_open *m,
	const struct rcpt_record *rcpts, int body, struct instant now,
	struct queued **out);

/* An awaited message is due now. */
void queue_keep(struct queue *q, struct queued *m);

FALLIBLE queue_commit(struct queue *q);

/* Remove messages for good: 1 to QUEUE_BATCH, in one record. */
FALLIBLE queue_remove(struct queue *q, struct queued *const *m, size_t n);

struct queued *queue_find(struct queue *q, uint64_t id);
size_t queue_count(const struct queue *q);

/* Messages in the order they came; NULL: the first, NULL back: none left. */
struct queued *queue_next(struct queue *q, const struct queued *m);

/* The one that follows `id`, whether that is still there or not: fast if it
 * is.  0: the first. */
struct queued *queue_after(struct queue *q, uint64_t id);

/* The message whose time has come first, NULL when none is due; it is not
 * handed out again before queue_put_back. */
struct queued *queue_due(struct queue *q, struct instant now);

/* Plan it again, by its recipients' times, not before `earliest`. */
void queue_put_back(struct queue *q, struct queued *m, struct instant earliest);

/* Out of the schedule and to the end of a line, until it is called, put back,
 * held, tried or removed.  Call: the first of the line is due at once. */
void queue_line_join(struct queue *q, struct queued *m,
	struct queue_line *line);
void queue_line_call(struct queue *q, struct queue_line *line);

/* When queue_due should be asked again. */
struct instant queue_wake(const struct queue *q);

/* What came of an attempt: 2xx done, or relayed when the sender wants to hear of
 * that and the next server will not report it; 5xx failed, else by the schedule,
 * or failed when it is both too old and tried more than once (rule O6). */
FALLIBLE queue_result(struct queue *q, struct queued *m, uint32_t rcpt,
	const struct relay_result *result, struct instant now);

/* 1 to QUEUE_BATCH messages, in one record.
 *
 * route  an empty host: as the settings say */
FALLIBLE queue_hold(struct queue *q, struct queued *const *m, size_t n,
	bool held);
FALLIBLE queue_set_route(struct queue *q, struct queued *const *m, size_t n,
	struct span host, uint16_t port);

/* Its sender knows that it is delayed, and is not told again. */
FALLIBLE queue_noticed(struct queue *q, struct queued *m);

/* Try its recipients now. */
void queue_retry(struct queue *q, struct queued *m, struct instant now);

/* The body, for reading only: sealed memory, or the file of a large one, which
 * costs no memory however many jobs have it.
 *
 * record_damaged  it is not what was taken in */
FALLIBLE queue_body(struct queue *q, const struct queued *m, int *out);

/* Its first octets. */
FALLIBLE queue_body_head(struct queue *q, const struct queued *m, uint8_t *at,
	size_t cap, size_t *len);

/* "0000000000001a2b" */
bool put_queue_id(struct buf *b, uint64_t id);
