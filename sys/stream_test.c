#include "sys/stream.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "sys/fd.h"

static struct {
	struct loop *loop;
	struct stream *stream;
	int peer;
	uint8_t got[1 << 20];
	size_t got_len, take_at_most;
	int ended, drained;
	enum stream_end why;
	bool finish_inside, abort_inside, resume_when_drained;
} t;

static size_t
take(void *owner, struct span in)
{
	size_t n = in.len < t.take_at_most ? in.len : t.take_at_most;

	(void)owner;
	memcpy(t.got + t.got_len, in.at, n);
	t.got_len += n;
	if (t.finish_inside)
		stream_finish(&t.stream);
	if (t.abort_inside)
		stream_abort(&t.stream);
	return n;
}

static void
drained(void *owner)
{
	(void)owner;
	t.drained++;
	if (t.resume_when_drained)
		stream_resume(t.stream);
}

static void
ended(void *owner, enum stream_end why)
{
	(void)owner;
	t.ended++;
	t.why = why;
	t.stream = NULL;
}

static const struct stream_events events = { take, drained, NULL, ended };

static void
stop_turn(void *arg)
{
	loop_stop(arg, 0);
}

static void
turns(int64_t us)
{
	struct timer *timer;

	CHECK_OK(timer_open(t.loop, stop_turn, t.loop, &timer));
	timer_set(timer, us);
	CHECK_NUMBER(loop_run(t.loop), 0);
	timer_close(&timer);
}

static void
open_stream(void)
{
	int pair[2];

	memset(&t, 0, sizeof t);
	t.take_at_most = SIZE_MAX;
	CHECK_OK(loop_open(&t.loop));
	CHECK_OK(fd_stream_pair(pair));
	t.peer = pair[0];
	CHECK_OK(stream_open(t.loop, pair[1], &events, NULL, &t.stream));
}

static void
close_stream(void)
{
	stream_abort(&t.stream);
	loop_close(&t.loop);
	close(t.peer);
}

TEST(octets_are_offered_as_they_come)
{
	open_stream();
	CHECK_NUMBER(write(t.peer, "EHLO ", 5), 5);
	turns(1000);
	CHECK_NUMBER(write(t.peer, "x\r\n", 3), 3);
	turns(1000);
	CHECK_SPANS(span_at(t.got, t.got_len), SPAN("EHLO x\r\n"));
	close(t.peer);
	t.peer = -1;
	turns(1000);
	CHECK_NUMBER(t.ended, 1);
	CHECK_NUMBER(t.why, STREAM_CLOSED);
	close_stream();
}

TEST(octets_that_came_are_known_before_they_are_offered)
{
	open_stream();
	CHECK(!stream_has_input(t.stream));
	CHECK_NUMBER(write(t.peer, "x", 1), 1);
	CHECK(stream_has_input(t.stream));
	turns(1000);
	CHECK(!stream_has_input(t.stream));
	t.take_at_most = 0;
	CHECK_NUMBER(write(t.peer, "y", 1), 1);
	turns(1000);
	CHECK(stream_has_input(t.stream)); /* the rest */
	close(t.peer);
	t.peer = -1;
	close_stream();
	open_stream();
	close(t.peer); /* an end is no octet */
	CHECK(!stream_has_input(t.stream));
	t.peer = -1;
	close_stream();
}

TEST(a_rest_is_kept_and_nothing_more_is_read_until_it_is_taken)
{
	open_stream();
	t.take_at_most = 2;
	CHECK_NUMBER(write(t.peer, "abcdef", 6), 6);
	turns(1000);
	CHECK_SPANS(span_at(t.got, t.got_len), SPAN("ab"));
	CHECK_NUMBER(stream_rest(t.stream), 4);
	CHECK_NUMBER(write(t.peer, "gh", 2), 2);
	turns(1000);
	CHECK_NUMBER(t.got_len, 2);
	stream_resume(t.stream);
	CHECK_SPANS(span_at(t.got, t.got_len), SPAN("abcd"));
	stream_resume(t.stream);
	CHECK_NUMBER(stream_rest(t.stream), 0);
	turns(1000);
	CHECK_SPANS(span_at(t.got, t.got_len), SPAN("abcdefgh"));
	close_stream();
}

TEST(output_waits_for_a_slow_peer_and_drains)
{
	static uint8_t big[STREAM_OUTPUT_MAX];
	const struct fault *f = OK;
	size_t sent = 0, came = 0;

	open_stream();
	while (!f) {
		f = stream_write(t.stream, span_at(big, sizeof big / 4));
		sent += f ? 0 : sizeof big / 4;
	}
	CHECK_FAULT(f, &fault_ipc_busy);
	CHECK(stream_waiting(t.stream) > 0);
	for (int i = 0; i < 1000 && came < sent; i++) {
		ssize_t n = recv(t.peer, big, sizeof big, MSG_DONTWAIT);

		if (n > 0)
			came += (size_t)n;
		turns(100);
	}
	CHECK_NUMBER(came, sent);
	CHECK_NUMBER(stream_waiting(t.stream), 0);
	CHECK_NUMBER(t.drained, 1);
	close_stream();
}

/* Write until the kernel takes no more; returns how much was written. */
static size_t
fill(void)
{
	static uint8_t big[STREAM_OUTPUT_MAX / 4];
	size_t sent = 0;

	while (stream_waiting(t.stream) == 0) {
		CHECK_OK(stream_write(t.stream, span_at(big, sizeof big)));
		sent += sizeof big;
	}
	return sent;
}

static void
read_by_peer(size_t len)
{
	static uint8_t room[STREAM_OUTPUT_MAX];

	for (int i = 0; i < 1000 && len > 0; i++) {
		ssize_t n = recv(t.peer, room,
			len < sizeof room ? len : sizeof room, MSG_DONTWAIT);

		if (n > 0)
			len -= (size_t)n;
		turns(100);
	}
	CHECK_NUMBER(len, 0);
}

TEST(a_rest_is_offered_when_resumed_from_drained)
{
	size_t sent;

	open_stream();
	sent = fill();
	t.take_at_most = 2;
	t.resume_when_drained = true;
	CHECK_NUMBER(write(t.peer, "abcd", 4), 4);
	turns(1000);
	CHECK_SPANS(span_at(t.got, t.got_len), SPAN("ab"));
	read_by_peer(sent);
	turns(1000);
	CHECK_SPANS(span_at(t.got, t.got_len), SPAN("abcd"));
	close_stream();
}

/* The owner asked for TLS: whatever it hears before `secured` or `ended` it
 * would take for an answer. */
TEST(nobody_is_called_between_the_last_output_and_TLS)
{
	struct tls_context *context;
	size_t sent;

	open_stream();
	CHECK_OK(tls_start());
	CHECK_OK(tls_context_client(false, SPAN_NONE, &context));
	sent = fill();
	CHECK_OK(stream_connect_tls(t.stream, context, SPAN("mx.test")));
	CHECK_NUMBER(write(t.peer, "in clear", 8), 8);
	turns(1000);
	read_by_peer(sent);
	CHECK_NUMBER(t.drained, 0);
	CHECK_NUMBER(t.got_len, 0);
	close_stream();
	tls_context_close(&context);
}

TEST(the_deadline_ends_it)
{
	open_stream();
	stream_deadline(t.stream, 2000);
	turns(20000);
	CHECK_NUMBER(t.ended, 1);
	CHECK_NUMBER(t.why, STREAM_TIMEOUT);
	close_stream();
}

TEST(finishing_sends_what_waits_and_calls_nobody)
{
	uint8_t last[8];

	open_stream();
	t.finish_inside = true;
	CHECK_OK(stream_write(t.stream, SPAN("221 x\r\n")));
	CHECK_NUMBER(write(t.peer, "QUIT", 4), 4);
	turns(1000);
	CHECK(!t.stream);
	CHECK_NUMBER(read(t.peer, last, sizeof last), 7);
	CHECK_NUMBER(read(t.peer, last, sizeof last), 0);
	CHECK_NUMBER(write(t.peer, "more", 4), 4);
	close(t.peer);
	t.peer = -1;
	turns(1000);
	CHECK_NUMBER(t.ended, 0);
	CHECK_NUMBER(t.got_len, 4);
	close_stream();
}

TEST(aborting_inside_a_call_is_safe)
{
	uint8_t last[8];

	open_stream();
	t.abort_inside = true;
	CHECK_NUMBER(write(t.peer, "x", 1), 1);
	turns(1000);
	CHECK(!t.stream);
	CHECK_NUMBER(read(t.peer, last, sizeof last), 0);
	CHECK_NUMBER(t.ended, 0);
	close_stream();
}
