/* queue.h -- the process that owns what waits for other servers.
 *
 * Each turn of the loop: everything that came is appended, one commit makes it
 * durable, then those that wait for it are answered, then work is given out.
 * A job is one message for the recipients of one place; dial connects it, relay
 * does it.
 */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/list.h"
#include "lib/base/table.h"
#include "lib/mail/dsn.h"
#include "lib/sched/window.h"
#include "state/queue/queue.h"
#include "sys/pool.h"
#include "sys/role.h"

#define INCOMING_MAX 512
#define JOBS_MAX     512
#define PLACES_MAX   8192
#define IDLE_MAX     512
#define ERRANDS      4
#define REPORT_WAIT  SECONDS(60) /* a report that could not be handed over; twice
				 * as long each time */
#define REPORT_TRIES 7 /* so often at least, even if the message is so old that
			* its report is given up, too */
#define LOST_WAIT    SECONDS(5)  /* relay or dial went away                */
#define CAP_WAIT     SECONDS(1)  /* there are enough connections           */

/* A message that submission is handing over, or that waits for its commit. */
struct incoming {
	struct channel *asker; /* NULL: gone */
	struct enqueue_open open;
	struct arena arena;
	uint32_t slot, count;
	int body;
	uint64_t id; /* of the message, once it is in */
	const struct fault *fault;
	bool whole, over; /* all of it came; it is in the journal, or not */
	struct rcpt_record rcpts[QUEUE_RCPTS_MAX];
};

/* Where mail goes: a host that was named by the settings or the operator, or a
 * domain's servers.  No gaps: it is a key up to its last octet. */
struct place_name {
	uint16_t len, port;
	uint8_t named; /* 1: a host, of any address class */
	uint8_t tls;   /* enum tls_policy                 */
	uint8_t octets[NAME_MAX_];
};

struct destination {
	struct place_name name;
	struct window window;
	struct queue_line line;       /* messages that found it full or closed */
	struct list in_lines, in_unused;
	struct relay_reply last;      /* why it was not reached */
	struct tick opened;           /* by an order that began then */
	uint32_t jobs;
};

/* All of them, each remembered until its room is needed. */
struct places {
	struct destination *at;
	struct table_slot *slots;
	struct table table;
	struct list lines;  /* those with a line */
	struct list unused; /* without jobs and line, the longest first */
};

struct job {
	uint64_t id, message; /* message: its queue id */
	const struct channel *relay; /* who has it */
	struct destination *place;
	uint32_t slot, count;
	uint32_t rcpts[QUEUE_RCPTS_MAX]; /* indexes into the message */
	bool answered, unreached; /* the place said something; it could not */
};

struct idle {
	const struct channel *relay; /* whose it is */
	uint64_t connection;
	struct place_name place;
};

/* A report on its way: scan, then store. */
struct report {
	const struct channel *asked; /* scan, then store */
	uint64_t message, session; /* session: of the questions about it */
	enum dsn_action action;
	int body;
	uint64_t size;
	struct verdict verdict;
	uint32_t slot, account;
};

/* What the operator ordered, on its way through the queue: a piece each turn. */
struct errand {
	struct channel *asker; /* NULL: none */
	struct queue_order order;
	struct tick began;
	uint64_t id, count; /* the message that was looked at; done or shown */
	uint32_t rcpt;      /* of it, the next one to show */
	bool inside;        /* it was not shown to its end */
	bool full, over;    /* the channel is; it was done to the end */
	const struct fault *fault;
};

/* The bounce loop that is tested now, see probe.c. */
struct probe {
	uint64_t letter, report; /* ids in the queue; 0: not there */
	struct instant began;
	struct timer *again;
};

struct queue_process {
	struct role_process *role;
	struct queue *queue;
	struct epochs epochs;
	int directory;
	struct pool *incoming, *jobs, *reports;
	struct places places;
	struct arena_pool arenas;
	struct idle idle[IDLE_MAX];
	size_t idle_count;
	struct errand errands[ERRANDS];
	uint64_t jobs_given; /* numbers of jobs, of this process' life */
	struct probe probe;
	struct timer *wake;
	struct tick opens;   /* the next closed place that mail waits for */
	struct tick overdue; /* when work_overdue is to look again */
	uint64_t noticed;    /* who came before was told of a delay, if any */
	bool stopping, dirty;
};

/* take.c: from submission.
 *
 * A message whose recipients are partly mailboxes here is awaited: durable, but
 * not given out before the session says KEEP, which it does once store has
 * answered and before it says 250.  CANCEL takes it back: the client reads a
 * fault, and its next try hands over all of it again.  Who dies in between:
 *
 *	session, submission  the client read no 250, or KEEP came first: a peer's
 *	                     last words are read after its end
 *	queue                whether KEEP had come is not known any more
 *	channel full         250 was said, KEEP was not heard
 *
 * The last two may have been acknowledged, so whatever nobody speaks about for
 * QUEUE_AWAITED, or what a restart finds, goes out: a second copy at worst (RFC
 * 5321 section 6.1), never a message that was acknowledged and lost. */
void take_open(struct queue_process *p, struct channel *c,
	const struct enqueue_open *m, int body);
void take_rcpt(struct queue_process *p, struct channel *c,
	const struct enqueue_rcpt *m);
void take_keep(struct queue_process *p, const struct channel *c,
	const struct enqueue_end *m);
void take_cancel(struct queue_process *p, const struct channel *c,
	const struct enqueue_end *m);
void take_answer_all(struct queue_process *p, const struct fault *f);
/* Who was not answered loses nothing. */
void take_forget_begun(struct queue_process *p);
void take_forget_asker(struct queue_process *p, struct channel *c);

/* place.c: where mail goes. */
FALLIBLE places_open(struct queue_process *p);
bool same_place(const struct place_name *a, const struct place_name *b);

/* Where a recipient's mail goes; false when it is no address. */
bool place_of(const struct queue_process *p, const struct queued *q,
	const struct queue_rcpt *rcpt, struct place_name *out);

/* NULL: nobody knows it. */
struct destination *place_find(const struct queue_process *p,
	const struct place_name *name);

/* One job more; NULL when it, or all places together, have enough. */
struct destination *place_enter(struct queue_process *p,
	const struct place_name *name);

/* One job less; whoever stands in the line is called. */
void place_leave(struct queue_process *p, struct destination *place);

/* A message stands in its line from now on. */
void place_wait(struct queue_process *p, struct destination *place,
	struct queued *q);

/* The place whose line it stands in; NULL: none. */
const struct destination *place_of_line(const struct queued *q);

/* It answered, or could not be reached because of place->last. */
void place_good(struct queue_process *p, struct destination *place);
void place_bad(struct queue_process *p, struct destination *place);

/* The operator says that it is back, in an order that began at `began`: which
 * counts once, however many messages it is about. */
void place_open(struct queue_process *p, const struct place_name *name,
	struct tick began);
bool place_is_closed(const struct destination *place);

/* Call as many from all lines as there is room for: one who was called and had
 * nothing to do there any more must not leave the others waiting.  Returns when
 * the next closed place opens. */
struct tick place_call_all(struct queue_process *p);

/* work.c: jobs. */
void work_give_out(struct queue_process *p);

/* Who is too old does not stand in a line any more: every minute or so. */
void work_overdue(struct queue_process *p);
void work_result(struct queue_process *p, const struct relay_result *m);
void work_done(struct queue_process *p, const struct channel *relay,
	const struct relay_done *m);
void work_dial_failed(struct queue_process *p, const struct dial_failed *m);
void work_connection_gone(struct queue_process *p, uint64_t connection);
void work_relay_lost(struct queue_process *p, const struct channel *relay);
void work_dial_lost(struct queue_process *p);

/* report.c: what a sender hears, RFC 3464 and RFC 3461.  Only one who had logged
 * in does (rule S2): the end of a message with failed recipients, and, once,
 * that it takes long. */
void report_delays(struct queue_process *p);
void report_verdict(struct queue_process *p, const struct scan_answer *m);
void report_stored(struct queue_process *p, const struct deliver_done *m);
void report_lost(struct queue_process *p, const struct channel *asked);

/* A message of our own, taken in as if a program of this host had handed it in
 * (NC-2.1.9); the id is 0 on a fault. */
FALLIBLE report_enqueue(struct queue_process *p, struct span sender,
	struct span rcpt, struct span text, uint64_t *id);

/* probe.c: does a report come back?  (NC-2.1.9.d)  Idle on a mail server. */
FALLIBLE probe_open(struct queue_process *p);
void probe_reported(struct queue_process *p, uint64_t letter, uint64_t report);
void probe_result(struct queue_process *p, const struct queued *q,
	uint32_t rcpt, const struct place_name *place);

/* Every recipient has its end: report or remove it. */
void message_over(struct queue_process *p, struct queued *m);

/* order.c: the operator's command.  Each turn a piece of it; acknowledged when
 * all of it is durable. */
void order_take(struct queue_process *p, struct channel *c,
	const struct queue_order *m);
void order_work(struct queue_process *p);
void order_answer(struct queue_process *p);

/* Is there more of it to do at once? */
bool order_is_busy(const struct queue_process *p);
void order_forget_asker(struct queue_process *p, const struct channel *c);

/* filter.c: whom an order is about.  A message passes when one of its
 * recipients does. */
bool order_is_sound(const struct queue_order *m);
bool filter_rcpt(const struct queue_order *m, const struct queued *q,
	const struct queue_rcpt *r, struct instant now);
bool filter_message(const struct queue_order *m, const struct queued *q,
	struct instant now);

/* A fault of the disk: nothing may be acknowledged any more.  The process ends,
 * is started again, and replays what is on the disk (rule D3). */
void storage_is_broken(struct queue_process *p, const struct fault *f);
