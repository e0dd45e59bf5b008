/* What comes from submission and from the operator. */
#include "proc/queue/play_test.h"

#define MANY 700

/* More rows than the channel holds. */
TEST(a_list_is_as_long_as_the_queue)
{
	static const char *const rcpts[] = { "a@one.test", "b@two.test" };
	static uint64_t ids[MANY];
	struct queue_row row;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	for (int i = 0; i < MANY; i++)
		ids[i] = queued(2, rcpts);
	order(QUEUE_LIST, 0);
	usleep(200000); /* the channel is full by now */
	for (int i = 0; i < 2 * MANY; i++) {
		hear(CTL, QUEUE_ROW, &row);
		CHECK_NUMBER(row.id, ids[i / 2]);
		CHECK_SPAN(span_at(row.rcpt, row.rcpt_len), rcpts[i % 2]);
	}
	check_done(2 * MANY, OK);
	end();
}
