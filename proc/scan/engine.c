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

/* What was given is asked again; not without end, if it may be what ended the
 * session. */
static void
take_back(struct scan *s, bool blamed)
{
	EACH_LINK(at, &s->given) {
		struct request *r = HOLDER(at, struct request, link);

		list_remove(at);
		s->given_count--;
		r->attempts += blamed;
		if (r->attempts >= ATTEMPTS_MAX) {
			request_answer(s, r, &fault_verdict_missing);
			continue;
		}
		if (!r->sealed)
			request_rewind(r);
		list_append(&s->waiting, at);
	}
	s->streamed = NULL;
	s->stream.open = false;
}

void
engine_lose(struct scan *s, const char *why)
{
	watch_close(&s->watch);
	fd_close(&s->engine);
	buf_clear(&s->in);
	note_away(s, why);
	take_back(s, true);
	engine_want(s);
}

static void
ready(void *arg, unsigned what);

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
	if (watch_open(role_loop(s->role), s->engine, LOOP_READ, ready, s,
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
	if (s->stream.open) {
		if (is_due((struct tick){ s->stream_began.us + PATIENCE }))
			engine_lose(s, "takes no stream");
		return;
	}
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

/* The next octets of the file whose turn it is.  One that has become shorter
 * gets no verdict, and its stream ends. */
static void
put_piece(struct scan *s)
{
	struct request *r = s->streamed;
	size_t len = 0;

	if (r && !request_is_read(r) &&
		request_read(r, clamd_stream_room(&s->stream), CLAMD_PIECE,
			&len)) {
		len = 0;
		s->given_count--;
		request_answer(s, r, &fault_verdict_missing);
	}
	clamd_stream_put(&s->stream, len);
}

/* As much as the socket takes, and a slice at most. */
static FALLIBLE
stream(struct scan *s)
{
	for (size_t done = 0; s->stream.open && done < SLICE;
		done += CLAMD_PIECE) {
		TRY(clamd_stream_send(s->engine, &s->stream));
		if (s->stream.open)
			put_piece(s);
	}
	if (!s->stream.open)
		s->streamed = NULL;
	return OK;
}

static FALLIBLE
give_next(struct scan *s)
{
	struct request *r = HOLDER(s->waiting.next, struct request, link);

	if (r->sealed)
		TRY(clamd_scan(s->engine, r->body));
	else
		TRY(clamd_stream_begin(s->engine, &s->stream));
	if (!r->sealed) {
		s->streamed = r;
		s->stream_began = clock_tick();
	}
	r->number = ++s->numbers;
	list_remove(&r->link);
	list_append(&s->given, &r->link);
	s->given_count++;
	return OK;
}

static FALLIBLE
give(struct scan *s)
{
	while (!s->stream.open && s->given_count < AT_ENGINE_MAX &&
		!list_is_empty(&s->waiting))
		TRY(give_next(s));
	return s->stream.open ? &fault_ipc_busy : OK;
}

void
engine_feed(struct scan *s)
{
	const struct fault *f;

	if (s->engine < 0)
		return;
	f = give(s);
	if (f && f != &fault_ipc_busy)
		engine_lose(s, "session ended");
	else
		watch_want(s->watch, f ? LOOP_READ | LOOP_WRITE : LOOP_READ);
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

static struct request *
find_given(struct scan *s, uint64_t number)
{
	EACH_LINK(at, &s->given) {
		struct request *r = HOLDER(at, struct request, link);

		if (r->number == number)
			return r;
	}
	return NULL;
}

/* The engine takes no body of this length, now or later.  It ends the session
 * without looking at what else was given. */
static FALLIBLE
take_too_long(struct scan *s, struct request *r)
{
	list_remove(&r->link);
	s->given_count--;
	r->verdict.engines = ENGINE_CLAMD;
	r->verdict.outcome = OUTCOME_UNSCANNABLE;
	keep_name(&r->verdict, SPAN("StreamMaxLength"));
	request_rewind(r);
	list_append(&s->hashing, &r->link);
	timer_set(s->more, 0);
	take_back(s, false);
	return &fault_message_too_large;
}

/* A number that was not given out, an answer to another question or to one that
 * was not put completely shows an engine that lost count: nothing it says is a
 * verdict. */
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
	r = find_given(s, reply->number);
	if (!r)
		return OK; /* given up meanwhile */
	if (r == s->streamed && reply->kind == REPLY_TOO_LONG)
		return take_too_long(s, r);
	if (r == s->streamed || reply->kind == REPLY_TOO_LONG ||
		reply->stream == r->sealed)
		return &fault_reply_syntax;
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
receive(struct scan *s)
{
	const struct fault *f = clamd_receive(s->engine, &s->in);

	if (f) {
		engine_lose(s, "session ended");
		return;
	}
	f = take_replies(s);
	if (f)
		engine_lose(s, f == &fault_message_too_large
				? "StreamMaxLength is too small"
				: "answer is no answer");
}

/* What the engine said comes first: it may have ended the session over what
 * would be sent now.  That it is over shows when it is read. */
static void
ready(void *arg, unsigned what)
{
	struct scan *s = arg;

	if (what & LOOP_READ)
		receive(s);
	if (s->engine >= 0 && (what & LOOP_WRITE) &&
		stream(s) == &fault_ipc_closed) {
		watch_want(s->watch, LOOP_READ);
		return;
	}
	engine_feed(s);
}
