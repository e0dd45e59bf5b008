/* queue -- mail for other servers, until they have it. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/number.h"
#include "proc/queue/queue.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

#define ARENAS   MiB(64)
#define WAKE_MAX SECONDS(30)
#define OVERDUE  MINUTES(1)

void
storage_is_broken(struct queue_process *p, const struct fault *f)
{
	LOG(EV_STORE_FAILED, 0, log_fault(f), log_text(SPAN("queue")));
	take_answer_all(p, f);
	_Exit(EXIT_FAULT);
}

/* --- what comes ---------------------------------------------------------- */

#define HANDLER(name, call)                                           \
	static void name(void *owner, struct channel *c,              \
		const void *message, int fd)                          \
	{                                                             \
		struct queue_process *p = owner;                      \
                                                                      \
		(void)p;                                              \
		(void)c;                                              \
		(void)fd;                                             \
		call;                                                 \
	}

HANDLER(on_open, take_open(p, c, message, fd))
HANDLER(on_rcpt, take_rcpt(p, c, message))
HANDLER(on_keep, take_keep(p, c, message))
HANDLER(on_cancel, take_cancel(p, c, message))
HANDLER(on_result, work_result(p, message))
HANDLER(on_done, work_done(p, c, message))
HANDLER(on_dial_failed, work_dial_failed(p, message))
HANDLER(on_verdict, report_verdict(p, message))
HANDLER(on_stored, report_stored(p, message))
HANDLER(on_order, order_take(p, c, message))

static void
on_connection_gone(void *owner, struct channel *c, const void *message, int fd)
{
	const struct relay_gone *m = message;

	(void)c;
	(void)fd;
	work_connection_gone(owner, m->connection);
}

/* An unnamed file on the volume of the queue, for a large body. */
static void
on_spool(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int file = -1;
	struct queue_process *p = owner;
	const struct plain *m = message;
	struct spool_file answer = { .head = { .type = SPOOL_FILE,
					     .serial = m->head.serial,
					     .session = m->head.session } };

	(void)fd;
	answer.fault = fault_number(file_unnamed(p->directory, &file));
	if (channel_send(c, &answer, file))
		return;
}

/* auth says which grants have ended. */
static void
on_epochs(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int table = fd;
	struct queue_process *p = owner;

	(void)c;
	if (epochs_take(&p->epochs, message, table))
		return; /* auth is broken: what it said before holds */
}

static const struct handlers handlers = {
	.on = {
		[ENQUEUE_OPEN] = on_open,
		[ENQUEUE_RCPT] = on_rcpt,
		[ENQUEUE_KEEP] = on_keep,
		[ENQUEUE_CANCEL] = on_cancel,
		[RELAY_RESULT] = on_result,
		[RELAY_DONE] = on_done,
		[RELAY_GONE] = on_connection_gone,
		[DIAL_FAILED] = on_dial_failed,
		[SCAN_ANSWER] = on_verdict,
		[DELIVER_DONE] = on_stored,
		[QUEUE_ORDER] = on_order,
		[SPOOL_WANTED] = on_spool,
		[EPOCHS_GIVEN] = on_epochs,
	},
};

/* --- turns --------------------------------------------------------------- */

static void
plan_wake(struct queue_process *p)
{
	int64_t wait = queue_wake(p->queue).us - clock_instant().us;
	int64_t opens = p->opens.us - clock_tick().us;

	if (wait > opens)
		wait = opens;
	if (wait < SECONDS(1) / 20)
		wait = SECONDS(1) / 20;
	if (order_is_busy(p))
		wait = 1;
	timer_set(p->wake, wait < WAKE_MAX ? wait : WAKE_MAX);
}

static void
commit(struct queue_process *p)
{
	const struct fault *f;

	if (!p->dirty)
		return;
	f = queue_commit(p->queue);
	if (f)
		storage_is_broken(p, f);
	p->dirty = false;
	take_answer_all(p, OK);
}

/* Nothing is given out that is not durable yet. */
static void
turn(void *arg)
{
	struct queue_process *p = arg;

	order_work(p);
	commit(p);
	order_answer(p);
	if (clock_tick().us >= p->overdue.us) {
		p->overdue.us = clock_tick().us + OVERDUE;
		work_overdue(p);
		report_delays(p);
	}
	work_give_out(p);
	commit(p);
	plan_wake(p);
	if (p->stopping && pool_used(p->incoming) == 0)
		role_stop(p->role);
}

static void
woken(void *arg)
{
	(void)arg; /* the turn does the work */
}

/* --- what master hands out ----------------------------------------------- */

static void
prepare(void *owner, struct role_process *r)
{
	struct queue_process *p = owner;
	void *arenas = pool_storage(ARENAS);

	p->role = r;
	p->directory = -1;
	mac_start();
	if (!arenas || crypto_start() ||
		pool_open(sizeof(struct incoming), INCOMING_MAX,
			&p->incoming) ||
		pool_open(sizeof(struct job), JOBS_MAX, &p->jobs) ||
		places_open(p) ||
		pool_open(sizeof(struct report), JOBS_MAX, &p->reports) ||
		timer_open(role_loop(r), woken, p, &p->wake))
		exit(EXIT_FAULT);
	arena_pool_init(&p->arenas, arenas, ARENAS);
}

static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	struct queue_process *p = owner;

	(void)number;
	if (purpose == FILE_DIRECTORY && p->directory < 0)
		p->directory = fd;
	else
		fd_close(&fd);
}

static void
unlinked(void *owner, struct channel *c)
{
	struct queue_process *p = owner;
	enum role peer = channel_peer(c);

	take_forget_asker(p, c);
	order_forget_asker(p, c);
	if (peer == RELAY)
		work_relay_lost(p, c);
	if (peer == SCAN || peer == STORE)
		report_lost(p, c);
	/* with a new one already, relay loses patience with what the old had */
	if (peer == DIAL && !role_link(p->role, DIAL))
		work_dial_lost(p);
}

static void
stop(void *owner)
{
	struct queue_process *p = owner;

	p->stopping = true;
	take_forget_begun(p);
	turn(p);
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.file = take_file,
	.unlinked = unlinked,
	.stop = stop,
};

/* --- start --------------------------------------------------------------- */

static bool
open_queue(struct queue_process *p)
{
	const struct site *s = site_of(p->role);
	struct queue_setup setup = {
		.journal = { .directory = p->directory,
			.segment_size = JOURNAL_SEGMENT,
			.min_free = s->min_free },
		.verdicts = *role_secret(p->role, SECRET_VERDICT),
		.grants = *role_secret(p->role, SECRET_GRANT),
		.epochs = &p->epochs,
		.most = s->max_queue,
		.schedule_count = s->schedule_count,
		.expire_us = s->expire_us,
		.kinds = GRANT_BIT(GRANT_SASL) | GRANT_BIT(GRANT_ADDR),
		.outcome = OUTCOME_CLEAN,
	};
	const struct fault *f;

	if (s->role == SITE_LOCAL) {
		setup.epochs = NULL;
		setup.kinds = GRANT_BIT(GRANT_LOCAL);
		setup.outcome = OUTCOME_ELSEWHERE;
	}
	memcpy(setup.schedule_us, s->schedule_us, sizeof setup.schedule_us);
	f = queue_open(&setup, &p->queue);
	if (f)
		LOG(EV_STORE_REFUSED, 0, log_text(span_of(f->name)));
	return !f;
}

int
main(void)
{
	static struct queue_process process;
	struct queue_process *p = &process;
	struct role_process *r = role_start(QUEUE, &handlers, &hooks, p);

	if (p->directory < 0)
		return EXIT_SITE;
	role_sandbox(r);
	if (!open_queue(p))
		return EXIT_SITE;
	if (probe_open(p))
		return EXIT_FAULT;
	loop_each_turn(role_loop(r), turn, p);
	plan_wake(p);
	return role_run(r);
}
