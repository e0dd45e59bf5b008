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

/* Each session begins and none goes on: more of them than there is room for. */
TEST(what_is_broken_off_takes_no_room)
{
	static const char *const rcpts[] = { "a@one.test" };

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	for (uint32_t i = 1; i <= 600; i++) {
		OWNED(fd_close) int body = -1;
		struct enqueue_open m = letter(2);

		m.head.serial = i;
		CHECK_OK(fd_memory_of("body", BODY, &body));
		while (channel_send(fake.links[SUBMISSION], &m, body) ==
			&fault_ipc_busy)
			usleep(1000);
	}
	due(1, rcpts);
	end();
}

TEST(what_is_broken_off_does_not_keep_the_process)
{
	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	begin_only("a@one.test");
	wait_for(0, 0);
	end();
}

/* --- an asker that does not read ----------------------------------------- */

/* False: the queue does not listen. */
static bool
can_hand_in(uint32_t serial)
{
	OWNED(fd_close) int body = -1;
	struct enqueue_open m = letter(1);
	struct enqueue_rcpt r = { .head = { .type = ENQUEUE_RCPT,
					  .serial = serial,
					  .session = SESSION },
		.address_len = 10,
		.address = "a@one.test" };

	m.head.serial = serial;
	CHECK_OK(fd_memory_of("body", BODY, &body));
	for (int i = 0; i < 100; i++) {
		if (!channel_send(fake.links[SUBMISSION], &m, body)) {
			say(SUBMISSION, &r, -1);
			return true;
		}
		usleep(10000);
	}
	return false;
}

/* More answers than the channel holds; all of them come, in the end. */
TEST(every_session_hears_what_became_of_its_message)
{
	struct enqueue_done done;
	uint32_t sent = 0;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	while (sent < 1500 && can_hand_in(sent))
		sent++;
	for (uint32_t i = 0; i < sent; i++) {
		hear(SUBMISSION, ENQUEUE_DONE, &done);
		CHECK_NUMBER(done.fault, 0);
	}
	CHECK(can_hand_in(sent)); /* it listens again */
	hear(SUBMISSION, ENQUEUE_DONE, &done);
	end();
}
