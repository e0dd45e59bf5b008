/* fake_queue.h -- a host of the SMTP client with messages to send, that keeps
 * the results.  For tests and fuzz targets. */
#pragma once

#include "lib/base/must.h"
#include "lib/smtp/client.h"

#define FAKE_RCPTS 4

struct fake_queue {
	struct smtp_client *c;
	struct client_job job;
	struct span body;
	unsigned jobs;    /* after the one that is under way         */
	bool whole;       /* the job's last octet was handed over    */
	unsigned told[FAKE_RCPTS];  /* how often                     */
	unsigned codes[FAKE_RCPTS]; /* the last result               */
	struct buf said;  /* by the client                           */
};

static inline void
fake_job(struct fake_queue *q)
{
	q->whole = false;
	for (size_t i = 0; i < FAKE_RCPTS; i++)
		q->told[i] = q->codes[i] = 0;
	smtp_client_job(q->c, &q->job);
}

/* Every recipient has one result, and success only a message that went. */
static inline void
fake_check(const struct fake_queue *q)
{
	for (size_t i = 0; i < q->job.count; i++) {
		MUST(q->told[i] == 1);
		MUST(q->codes[i] / 100 != 3);
		MUST(q->codes[i] / 100 != 2 || q->whole);
	}
}

/* A few octets at a time. */
static inline void
fake_body(struct fake_queue *q)
{
	struct span rest = q->body;

	span_shift_upto(&rest, q->c->ask.offset);
	q->whole = rest.len <= 7;
	smtp_client_octets(q->c, span_shift_upto(&rest, 7), q->whole);
}

static inline void
fake_do(struct fake_queue *q)
{
	const struct client_ask *ask = &q->c->ask;

	switch (ask->verb) {
	case CLIENT_ASK_TLS:
		smtp_client_secured(q->c);
		break;
	case CLIENT_ASK_JOB:
		fake_check(q);
		if (q->jobs == 0) {
			smtp_client_quit(q->c);
		} else {
			q->jobs--;
			fake_job(q);
		}
		break;
	case CLIENT_ASK_OCTETS:
		fake_body(q);
		break;
	case CLIENT_ASK_RESULT:
		MUST(ask->rcpt < q->job.count);
		q->told[ask->rcpt]++;
		q->codes[ask->rcpt] = ask->response->code;
		smtp_client_noted(q->c);
		break;
	}
}

/* Run until the client waits; false when it is over. */
static inline bool
fake_hear(struct fake_queue *q, struct span in)
{
	for (;;) {
		enum client_turn turn = smtp_client_run(q->c, &in);

		MUST(buf_put(&q->said, smtp_client_output(q->c)));
		smtp_client_sent(q->c, smtp_client_output(q->c).len);
		/* TLS begins with nothing in clear behind it */
		MUST(turn != CLIENT_ASK || q->c->ask.verb != CLIENT_ASK_TLS ||
			in.len == 0);
		if (turn == CLIENT_ASK)
			fake_do(q);
		else if (turn != CLIENT_WRITE)
			return turn == CLIENT_READ;
	}
}

/* The connection is gone. */
static inline void
fake_lose(struct fake_queue *q)
{
	struct response why;

	response_make(&why, 451, "4.4.2", SPAN("Connection lost"));
	smtp_client_lost(q->c, &why);
	MUST(!fake_hear(q, SPAN("")));
	fake_check(q);
}
