#include "lib/base/escape.h"
#include "proc/scan/reply.h"
#include "proc/scan/scan.h"
#include "sys/clamd.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#define WAIT_FIRST (SECONDS(1) / 10)
#define WAIT_LAST  SECONDS(10)

/* --- the session --------------------------------------------------------- */

void
engine_want(struct scan *s)
{
	struct plain m = { .head = { .type = CLAMD_WANTED } };

	if (s->engine >= 0 || s->asked)
		return;
	s->asked = true;
	s->wait_us = s->wait_us == 0 ? WAIT_FIRST
		: s->wait_us * 2 > WAIT_LAST ? WAIT_LAST
					     : s->wait_us * 2;
	if (channel_send(role_master(s->role), &m, -1))
		return; /* without master this process ends */
	timer_set(s->tick, s->wait_us);
}

void
engine_lose(struct scan *s, const char *why)
{
	struct request *r;

	watch_close(&s->watch);
	fd_close(&s->engine);
	buf_clear(&s->in);
	if (!s->away) {
		s->away = true;
		s->lost = clock_tick();
		LOG(EV_ENGINE_AWAY, 0, log_text(SPAN("clamd")),
			log_text(span_of(why)));
	}
	/* what was given is asked again, unless it may be what ended it */
	while ((r = list_take_first(&s->given))) {
		s->given_count--;
		if (++r->attempts >= ATTEMPTS_MAX)
			request_answer(s, r, &fault_verdict_missing);
		else
			list_add(&s->waiting, r);
	}
	s->asked = false;
	engine_want(s);
}

static void
readable(void *arg, unsigned what);

void
engine_take(struct scan *s, int socket)
{
	OWNED(fd_close) int fd = socket;

	s->asked = false;
	if (s->engine >= 0 || fd_nonblocking(fd) || clamd_begin(fd))
		return;
	s->engine = fd_give(&fd);
	s->numbers = 0;
	if (watch_open(role_loop(s->role), s->engine, LOOP_READ, readable, s,
		    &s->watch)) {
		engine_lose(s, "no memory");
		return;
	}
	engine_feed(s);
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
judge(struct request *r, const struct reply *reply)
{
	r->verdict.engines = ENGINE_CLAMD;
	if (reply->finding == FOUND_NOTHING) {
		r->verdict.outcome = OUTCOME_CLEAN;
		return;
	}
	r->verdict.outcome = OUTCOME_INFECTED;
	keep_name(&r->verdict, reply->name);
}

static void
take_reply(struct scan *s, const struct reply *reply)
{
	struct request *r = list_take_number(&s->given, reply->number);

	if (!r)
		return; /* nobody asked: no verdict comes of it */
	s->given_count--;
	if (!s->away || reply->finding != FOUND_ERROR)
		s->wait_us = 0;
	if (s->away) {
		s->away = false;
		LOG(EV_ENGINE_BACK, 0, log_text(SPAN("clamd")));
	}
	if (reply->finding == FOUND_ERROR) {
		request_answer(s, r, &fault_verdict_missing);
		return;
	}
	judge(r, reply);
	request_answer(s, r, OK);
}

static void
readable(void *arg, unsigned what)
{
	struct scan *s = arg;
	struct span in;

	(void)what;
	if (clamd_receive(s->engine, &s->in)) {
		engine_lose(s, "session ended");
		return;
	}
	in = buf_view(&s->in);
	for (;;) {
		struct reply reply;
		bool done;

		if (reply_take(&in, &reply, &done)) {
			engine_lose(s, "answer is no answer");
			return;
		}
		if (!done)
			break;
		take_reply(s, &reply);
	}
	buf_drop(&s->in, s->in.len - in.len);
	engine_feed(s);
}
