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
