#include "sys/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/must.h"
#include "sys/fd.h"

#define LINGER SECONDS(2) /* for the last reply to reach the peer */

enum phase {
	PLAIN,
	TLS_AFTER_OUTPUT, /* TLS begins when the output is out */
	HANDSHAKE,
	SECURED,
};

struct stream {
	struct loop *loop;
	struct watch *watch;
	struct timer *timer;
	const struct stream_events *events;
	void *owner;
	struct tls tls;
	uint8_t *rest, *output; /* NULL when empty */
	size_t rest_len, output_len, output_cap;
	int fd;
	int busy; /* calls to the owner that are running */
	enum phase phase;
	bool paused, finishing, said_end, over;
	bool tls_wants_write; /* a handshake or read needs to send first */
};

static uint8_t shared_input[STREAM_INPUT];

static void ready(void *arg, unsigned what);
static void push(struct stream *s);

static void
release(struct stream *s)
{
	tls_done(&s->tls);
	watch_close(&s->watch);
	timer_close(&s->timer);
	fd_close(&s->fd);
	free(s->rest);
	free(s->output);
	s->rest = s->output = NULL;
	if (s->busy == 0)
		free(s);
}

static void
end(struct stream *s, enum stream_end why)
{
	if (s->over)
		return;
	s->over = true;
	if (!s->finishing) {
		s->busy++;
		s->events->ended(s->owner, why);
		s->busy--;
	}
	release(s);
}

/* After a call to the owner: was the stream ended inside it? */
static bool
is_over(struct stream *s)
{
	if (!s->over)
		return false;
	if (s->busy == 0)
		free(s);
	return true;
}

static void
want(struct stream *s)
{
	bool reading = !s->paused && s->rest_len == 0 &&
		s->phase != TLS_AFTER_OUTPUT;
	bool writing = s->output_len > 0 || s->tls_wants_write;

	if (s->finishing)
		reading = s->said_end;
	if (s->phase == HANDSHAKE)
		reading = !s->tls_wants_write;
	watch_want(s->watch,
		(reading ? LOOP_READ : 0u) | (writing ? LOOP_WRITE : 0u));
}

static void
timed_out(void *arg)
{
	end(arg, STREAM_TIMEOUT);
}

FALLIBLE
stream_open(struct loop *l, int fd, const struct stream_events *events,
	void *owner, struct stream **out)
{
	OWNED(fd_close) int owned = fd;
	struct stream *s = calloc(1, sizeof *s);
	const struct fault *f;

	if (!s)
		return &fault_sys_failed;
	*s = (struct stream){ .loop = l, .events = events, .owner = owner,
		.fd = fd };
	f = timer_open(l, timed_out, s, &s->timer);
	if (!f)
		f = watch_open(l, fd, LOOP_READ, ready, s, &s->watch);
	if (f) {
		timer_close(&s->timer);
		free(s);
		return f;
	}
	fd_give(&owned);
	*out = s;
	return OK;
}

/* --- reading ------------------------------------------------------------- */

enum reading { READ_SOME, READ_NONE, READ_END };

static enum reading
read_plain(struct stream *s, struct buf *in)
{
	ssize_t n;

	do
		n = read(s->fd, in->at, in->cap);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		in->len = (size_t)n;
		return READ_SOME;
	}
	if (n < 0 && errno == EAGAIN)
		return READ_NONE;
	end(s, n == 0 ? STREAM_CLOSED : STREAM_CUT);
	return READ_END;
}

static enum stream_end
tls_end(enum tls_status status)
{
	return status == TLS_CLOSED ? STREAM_CLOSED
		: status == TLS_CUT ? STREAM_CUT
				    : STREAM_BROKEN;
}

static enum reading
read_tls(struct stream *s, struct buf *in)
{
	enum tls_status status = tls_read(&s->tls, in);

	s->tls_wants_write = status == TLS_WANT_WRITE;
	if (in->len > 0)
		return READ_SOME;
	if (status == TLS_WANT_READ || status == TLS_WANT_WRITE)
		return READ_NONE;
	end(s, tls_end(status));
	return READ_END;
}

static enum reading
read_some(struct stream *s, struct buf *in)
{
	return s->phase == SECURED ? read_tls(s, in) : read_plain(s, in);
}

/* Offer octets to the owner; false when the stream is over. */
static bool
offer(struct stream *s, struct span in, size_t *taken)
{
	s->busy++;
	*taken = s->events->input(s->owner, in);
	s->busy--;
	return !is_over(s);
}

static bool
keep_rest(struct stream *s, struct span rest)
{
	s->rest = malloc(rest.len);
	if (!s->rest) {
		end(s, STREAM_CUT);
		return false;
	}
	memcpy(s->rest, rest.at, rest.len);
	s->rest_len = rest.len;
	return true;
}

static void
pull(struct stream *s)
{
	do {
		struct buf in = BUF(shared_input);
		size_t taken;

		if (read_some(s, &in) != READ_SOME)
			return;
		if (s->finishing)
			continue;
		if (!offer(s, buf_view(&in), &taken))
			return;
		MUST(taken <= in.len);
		if (taken < in.len && !s->finishing &&
			!keep_rest(s, span_at(in.at + taken, in.len - taken)))
			return;
	} while (s->phase == SECURED && !s->paused && s->rest_len == 0 &&
		tls_has_pending(&s->tls));
	want(s);
}

void
stream_resume(struct stream *s)
{
	s->paused = false;
	if (s->rest_len > 0) { /* none while it is being offered */
		uint8_t *rest = s->rest;
		size_t len = s->rest_len, taken;
		bool alive;

		s->rest = NULL;
		s->rest_len = 0;
		alive = offer(s, span_at(rest, len), &taken);
		if (alive && taken < len && !s->finishing)
			alive = keep_rest(s, span_at(rest + taken, len - taken));
		free(rest);
		if (!alive)
			return;
	}
	want(s);
}

void
stream_pause(struct stream *s)
{
	s->paused = true;
	want(s);
}

/* --- TLS ----------------------------------------------------------------- */

static void
shake(struct stream *s)
{
	enum tls_status status = tls_step(&s->tls);

	s->tls_wants_write = status == TLS_WANT_WRITE;
	if (status == TLS_WANT_READ || status == TLS_WANT_WRITE) {
		want(s);
		return;
	}
	if (status != TLS_DONE) {
		end(s, tls_end(status));
		return;
	}
	s->phase = SECURED;
	if (s->events->secured) {
		s->busy++;
		s->events->secured(s->owner);
		s->busy--;
		if (is_over(s))
			return;
	}
	want(s);
	if (tls_has_pending(&s->tls))
		pull(s);
}

static void
begin_tls(struct stream *s)
{
	s->phase = s->output_len > 0 ? TLS_AFTER_OUTPUT : HANDSHAKE;
	want(s);
}

FALLIBLE
stream_accept_tls(struct stream *s, const struct tls_context *c)
{
	MUST(s->phase == PLAIN);
	TRY(tls_accept_start(&s->tls, c, s->fd));
	begin_tls(s);
	return OK;
}

FALLIBLE
stream_connect_tls(struct stream *s, const struct tls_context *c,
	struct span host)
{
	MUST(s->phase == PLAIN);
	TRY(tls_connect_start(&s->tls, c, s->fd, host));
	begin_tls(s);
	s->tls_wants_write = true; /* the client speaks first */
	want(s);
	return OK;
}

int
stream_fd(const struct stream *s)
{
	return s ? s->fd : -1;
}

const struct tls *
stream_tls(const struct stream *s)
{
	return s->phase == SECURED ? &s->tls : NULL;
}

const char *
stream_reason(const struct stream *s)
{
	return s->tls.reason ? s->tls.reason : "";
}

/* --- writing ------------------------------------------------------------- */

/* Send what the kernel takes; shortens `out`.  False: the stream is dead. */
static bool
send_some(struct stream *s, struct span *out)
{
	while (out->len > 0) {
		if (s->phase == SECURED) {
			enum tls_status status = tls_write(&s->tls, out);

			if (status == TLS_WANT_READ || status == TLS_WANT_WRITE)
				return true;
			if (status != TLS_DONE)
				return false;
		} else {
			ssize_t n = send(s->fd, out->at, out->len,
				MSG_NOSIGNAL);

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return errno == EAGAIN;
			span_shift_upto(out, (size_t)n);
		}
	}
	return true;
}

static bool
keep_output(struct stream *s, struct span out)
{
	size_t need = s->output_len + out.len;

	if (need > s->output_cap) {
		size_t cap = s->output_cap ? s->output_cap : 4096;
		uint8_t *at;

		while (cap < need)
			cap *= 2;
		at = realloc(s->output, cap);
		if (!at)
			return false;
		s->output = at;
		s->output_cap = cap;
	}
	memcpy(s->output + s->output_len, out.at, out.len);
	s->output_len = need;
	return true;
}

FALLIBLE
stream_write(struct stream *s, struct span octets)
{
	if (s->over)
		return OK;
	if (s->output_len + octets.len > STREAM_OUTPUT_MAX)
		return &fault_ipc_busy;
	if (s->output_len == 0 && (s->phase == PLAIN || s->phase == SECURED))
		/* a dead connection is noticed by the next read */
		if (!send_some(s, &octets))
			return OK;
	if (octets.len > 0 && !keep_output(s, octets))
		return &fault_ipc_busy;
	want(s);
	return OK;
}

size_t
stream_waiting(const struct stream *s)
{
	return s->output_len;
}

size_t
stream_rest(const struct stream *s)
{
	return s->rest_len;
}

bool
stream_has_input(const struct stream *s)
{
	uint8_t octet;

	return s->rest_len > 0 || tls_has_pending(&s->tls) ||
		recv(s->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The output is out: what was waiting for that? */
static void
output_is_out(struct stream *s)
{
	free(s->output);
	s->output = NULL;
	s->output_cap = 0;
	if (s->phase == TLS_AFTER_OUTPUT) {
		s->phase = HANDSHAKE; /* `secured` or `ended` is next */
	} else if (s->finishing && !s->said_end) {
		if (s->phase == SECURED && tls_close(&s->tls) == TLS_WANT_WRITE)
			s->tls_wants_write = true;
		else
			s->tls_wants_write = false;
		if (!s->tls_wants_write) {
			shutdown(s->fd, SHUT_WR);
			s->said_end = true;
			s->phase = PLAIN; /* what still comes is dropped */
		}
	} else if (!s->finishing && s->events->drained) {
		s->busy++;
		s->events->drained(s->owner);
		s->busy--;
		if (is_over(s))
			return;
	}
	want(s);
}

static void
push(struct stream *s)
{
	struct span out = span_at(s->output, s->output_len);

	if (!send_some(s, &out)) {
		end(s, STREAM_CUT);
		return;
	}
	if (out.len > 0) {
		memmove(s->output, out.at, out.len);
		s->output_len = out.len;
		return;
	}
	s->output_len = 0;
	output_is_out(s);
}

static void
ready(void *arg, unsigned what)
{
	struct stream *s = arg;

	if (s->phase == HANDSHAKE) {
		shake(s);
		return;
	}
	if (s->phase != TLS_AFTER_OUTPUT &&
		(what & LOOP_READ || s->tls_wants_write)) {
		s->busy++;
		if (s->tls_wants_write && s->finishing)
			output_is_out(s);
		else
			pull(s);
		s->busy--;
		if (is_over(s))
			return;
	}
	if ((what & LOOP_WRITE) && s->output_len > 0)
		push(s);
}

/* --- the end ------------------------------------------------------------- */

void
stream_deadline(struct stream *s, int64_t us)
{
	timer_set(s->timer, us);
}

void
stream_finish(struct stream **stream)
{
	struct stream *s = *stream;

	*stream = NULL;
	if (!s || s->over)
		return;
	s->finishing = true;
	free(s->rest);
	s->rest = NULL;
	s->rest_len = 0;
	timer_set(s->timer, LINGER);
	if (s->phase == HANDSHAKE || s->phase == TLS_AFTER_OUTPUT) {
		end(s, STREAM_CLOSED);
		return;
	}
	if (s->output_len == 0)
		output_is_out(s);
	else
		want(s);
}

void
stream_abort(struct stream **stream)
{
	struct stream *s = *stream;

	*stream = NULL;
	if (!s || s->over)
		return;
	s->finishing = true;
	end(s, STREAM_CLOSED);
}
