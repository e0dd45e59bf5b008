/* spool_test.h -- a queue on a directory whose power can fail, and messages
 * with both seals; for the tests of this folder. */
#pragma once

#include "lib/base/number.h"
#include "lib/mail/notify.h"
#include "state/journal/power_test.h"
#include "state/queue/queue.h"
#include "sys/crypto.h"

#define NOW ((struct instant){ 1796000000000000 })

struct spool {
	struct power power;
	struct queue_setup setup;
	struct epochs epochs;
	struct queue *queue;
};

/* Account 5 is in its second epoch, and there are no others. */
static const struct account_epoch spool_epochs[] = { { 5, 2 } };

static inline const struct fault *
spool_open(struct spool *x)
{
	return queue_open(&x->setup, &x->queue);
}

static inline void
spool_make(struct spool *x)
{
	memset(x, 0, sizeof *x);
	CHECK_OK(crypto_start());
	mac_start();
	power_make(&x->power);
	x->setup = (struct queue_setup){
		.journal = { .directory = x->power.directory,
			.segment_size = MiB(1) },
		.most = 200000,
		.schedule_us = { MINUTES(10), MINUTES(30) },
		.schedule_count = 2,
		.expire_us = DAYS(5),
		.epochs = &x->epochs,
		.kinds = GRANT_BIT(GRANT_SASL) | GRANT_BIT(GRANT_ADDR),
		.outcome = OUTCOME_CLEAN };
	x->epochs = (struct epochs){ spool_epochs, 1, 5, true };
	mac_key_make(&x->setup.verdicts);
	mac_key_make(&x->setup.grants);
}

static inline void
spool_reopen(struct spool *x)
{
	queue_close(&x->queue);
	CHECK_OK(spool_open(x));
}

static inline void
spool_remove(struct spool *x)
{
	queue_close(&x->queue);
	power_remove(&x->power);
}

/* What submission hands over. */
struct letter {
	struct enqueue_open open;
	struct span body;
};

static inline void
letter_seal(const struct spool *x, struct letter *l)
{
	struct verdict *v = &l->open.verdict;
	struct grant *g = &l->open.grant;

	mac_make(&x->setup.verdicts, span_at(v, TOKEN_SIGNED(struct verdict)),
		v->mac);
	mac_make(&x->setup.grants, span_at(g, TOKEN_SIGNED(struct grant)),
		g->mac);
}

static inline void
letter_make(const struct spool *x, struct span body, uint32_t rcpts,
	struct letter *l)
{
	struct enqueue_open *m = &l->open;

	*l = (struct letter){ .body = body };
	m->head.session = 77;
	m->size = m->verdict.size = body.len;
	m->arrived_us = NOW.us;
	m->rcpts = rcpts;
	m->sender_len = 20;
	memcpy(m->sender, "alice@agency.example", 20);
	m->verdict.outcome = OUTCOME_CLEAN;
	sha256(body, m->verdict.sha256);
	m->grant = (struct grant){ .session = 77,
		.expires_us = NOW.us + HOURS(1),
		.account = 5,
		.kind = GRANT_SASL,
		.epoch = 2 };
	letter_seal(x, l);
}

static inline const struct fault *
letter_add(struct spool *x, const struct letter *l, struct queued **out)
{
	static const struct rcpt_record rcpts[] = {
		{ .address = SPAN("one@first.example") },
		{ SPAN("two@second.example"), SPAN("rfc822;2@second.example"),
			NOTIFY_NEVER },
		{ .address = SPAN("three@third.example") }
	};
	const struct fault *f;
	int fd;

	CHECK_OK(fd_memory_of("letter", l->body, &fd));
	f = queue_add(x->queue, &l->open, rcpts, fd, NOW, out);
	fd_close(&fd);
	return f;
}
