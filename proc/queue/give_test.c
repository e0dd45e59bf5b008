/* What goes in whole, and what goes on to relay. */
#include "proc/queue/play_test.h"

/* Taken in and to be tried at once. */
static void
due(uint32_t count, const char *const *rcpts)
{
	struct enqueue_open m = letter(count);
	struct enqueue_done done;

	m.arrived_us = 1;
	hand_in(&m, rcpts);
	hear(SUBMISSION, ENQUEUE_DONE, &done);
	CHECK_NUMBER(done.fault, 0);
}

/* More than the channel to relay holds, and nobody reads it. */
TEST(a_relay_that_does_not_read_stops_nobody)
{
	static const char *rcpts[700];

	if (!fake_is_built(QUEUE))
		return;
	for (size_t i = 0; i < COUNT_OF(rcpts); i++)
		rcpts[i] = "a@one.test";
	begin();
	start();
	due(COUNT_OF(rcpts), rcpts);
	order(QUEUE_SHOW, UINT64_MAX);
	check_done(0, &fault_record_unknown);
	end();
}

/* One recipient of two. */
static void
begin_only(const char *rcpt)
{
	OWNED(fd_close) int body = -1;
	struct enqueue_open m = letter(2);
	struct enqueue_rcpt r = { .head = { .type = ENQUEUE_RCPT,
					  .session = SESSION },
		.address_len = (uint16_t)strlen(rcpt) };

	CHECK_OK(fd_memory_of("body", BODY, &body));
	say(SUBMISSION, &m, body);
	memcpy(r.address, rcpt, r.address_len);
	say(SUBMISSION, &r, -1);
}

/* A session whose hand-over did not come to its end begins again: the first
 * message must not get the recipients of the second. */
TEST(a_message_begun_again_is_the_second_one)
{
	static const char *const rcpts[] = { "c@one.test", "d@one.test" };
	struct relay_job job;
	struct relay_rcpt rcpt;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	begin_only("a@one.test");
	due(2, rcpts);
	hear(RELAY, RELAY_JOB, &job);
	CHECK_NUMBER(job.rcpts, 2);
	for (size_t i = 0; i < COUNT_OF(rcpts); i++) {
		hear(RELAY, RELAY_RCPT, &rcpt);
		CHECK_SPAN(span_at(rcpt.address, rcpt.address_len), rcpts[i]);
	}
	end();
}
