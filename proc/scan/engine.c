#include "lib/base/escape.h"
#include "proc/scan/reply.h"
#include "proc/scan/scan.h"
#include "sys/clamd.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#define WAIT_FIRST (SECONDS(1) / 10)
#define WAIT_LAST  SECONDS(10)
#define PULSE      SECONDS(5) /* clamd's own patience is 30 */

/* --- the session --------------------------------------------------------- */

static bool
is_due(struct tick t)
{
	return clock_tick().us >= t.us;
}

static void
note_away(struct scan *s, const char *why)
{
	if (s->away)
		return;
	s->away = true;
	LOG(EV_ENGINE_AWAY, 0, log_text(SPAN("clamd")),
		log_text(span_of(why)));
}

void
engine_want(struct scan *s)
{
	struct plain m = { .head = { .type = CLAMD_WANTED } };

	if (s->engine >= 0 || !is_due(s->ask_at))
		return;
	if (s->wait_us > 0)
		note_away(s, "no connection");
	s->wait_us = s->wait_us == 0 ? WAIT_FIRST
		: s->wait_us * 2 > WAIT_LAST ? WAIT_LAST
					     : s->wait_us * 2;
	s->ask_at.us = clock_tick().us + s->wait_us;
	if (channel_send(role_master(s->role), &m, -1))
		return; /* without master this process ends */
}

void
engine_lose(struct scan *s, const char *why)
{
	struct request *r;

	watch_close(&s->watch);
	fd_close(&s->engine);
	buf_clear(&s->in);
	note_away(s, why);
	/* what was given is asked again, unless it may be what ended it */
	while ((r = list_take_first(&s->given))) {
		s->given_count--;
		if (++r->attempts >= ATTEMPTS_MAX)
			request_answer(s, r, &fault_verdict_missing);
		else
			list_add(&s->waiting, r);
	}
	engine_want(s);
}

static void
readable(void *arg, unsigned what);

void
engine_take(struct scan *s, int socket)
{
	OWNED(fd_close) int fd = socket;

	if (s->engine >= 0 || fd_nonblocking(fd) || clamd_begin(fd))
		return;
	s->engine = fd_give(&fd);
	s->numbers = 0;
	s->pulse = 0;
	s->pulsed = (struct tick){ 0 };
	if (watch_open(role_loop(s->role), s->engine, LOOP_READ, readable, s,
		    &s->watch)) {
		engine_lose(s, "no memory");
		return;
	}
	engine_pulse(s);
	engine_feed(s);
}

void
engine_pulse(struct scan *s)
{
	const struct fault *f;

	if (s->engine < 0 || !is_due((struct tick){ s->pulsed.us + PULSE }))
		return;
	if (s->pulse != 0) {
		if (is_due((struct tick){ s->pulsed.us + PATIENCE }))
			engine_lose(s, "no answer");
		return;
	}
	f = clamd_ask_version(s->engine);
	if (f == &fault_ipc_busy)
		return;
	if (f) {
		engine_lose(s, "session ended");
		return;
	}
	s->pulse = ++s->numbers;
	s->pulsed = clock_tick();
}

/* --- requests and their answers ------------------------------------------ */

void
engine_feed(struct scan *s)
{
	while (s->engine >= 0 && s->given_count < AT_ENGINE_MAX &&
		s->waiting.first) {
		struct request *r = s->waiting.first;
		const struct fault *f = clamd_scan(s->engine, r->body);

		if (f == &fault_ipc_busy)
			return;
		if (f) {
			engine_lose(s, "session ended");
			return;
		}
		list_take_first(&s->waiting);
		r->number = ++s->numbers;
		list_add(&s->given, r);
		s->given_count++;
	}
}

/* The name for logs and reports: printable, cut to its place. */
static void
keep_name(struct verdict *v, struct span name)
{
	struct buf b = { v->name, 0, sizeof v->name - 1 };

	while (name.len > 0 &&
		put_printable(&b, span_shift_upto(&name, 1)))
		;
}

static void
judge(struct scan *s, struct request *r, const struct reply *reply)
{
	static const enum outcome outcomes[] = {
		[REPLY_CLEAN] = OUTCOME_CLEAN,
		[REPLY_FOUND] = OUTCOME_INFECTED,
		[REPLY_UNCHECKED] = OUTCOME_UNSCANNABLE,
	};

	if (reply->kind == REPLY_ERROR) {
		request_answer(s, r, &fault_verdict_missing);
		return;
	}
	r->verdict.engines = ENGINE_CLAMD;
	r->verdict.signature_us = s->signatures.us;
	r->verdict.outcome = outcomes[reply->kind];
	keep_name(&r->verdict, reply->name);
	request_answer(s, r, OK);
}

static void
note_back(struct scan *s)
{
	s->wait_us = 0;
	if (!s->away)
		return;
	s->away = false;
	LOG(EV_ENGINE_BACK, 0, log_text(SPAN("clamd")));
}

/* A number that was not given out, or an answer to another question, shows an
 * engine that lost count: nothing it says is a verdict. */
static FALLIBLE
take_reply(struct scan *s, const struct reply *reply)
{
	bool is_pulse = reply->number == s->pulse;
	struct request *r;

	if (reply->number > s->numbers ||
		is_pulse != (reply->kind == REPLY_VERSION))
		return &fault_reply_syntax;
	if (reply->kind != REPLY_ERROR)
		note_back(s);
	if (is_pulse) {
		s->pulse = 0;
		s->signatures = reply->signatures;
		return OK;
	}
	r = list_take_number(&s->given, reply->number);
	if (!r)
		return OK; /* given up meanwhile */
	s->given_count--;
	judge(s, r, reply);
	return OK;
}

static FALLIBLE
take_replies(struct scan *s)
{
	struct span in = buf_view(&s->in);
	struct reply reply;
	bool done;

	for (;;) {
		TRY(reply_take(&in, &reply, &done));
		if (!done)
			break;
		TRY(take_reply(s, &reply));
	}
	buf_drop(&s->in, s->in.len - in.len);
	return OK;
}

static void
readable(void *arg, unsigned what)
{
	struct scan *s = arg;

	(void)what;
	if (clamd_receive(s->engine, &s->in)) {
		engine_lose(s, "session ended");
		return;
	}
	if (take_replies(s)) {
		engine_lose(s, "answer is no answer");
		return;
	}
	engine_feed(s);
}
