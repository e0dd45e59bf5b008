/* The operator's orders about many messages. */
#include "proc/queue/play_test.h"

#define MANY 1224 /* more than one turn looks at */

static const char *const rcpts[] = { "a@one.test" };

static void
fill(void)
{
	for (int i = 0; i < MANY; i++)
		queued(1, rcpts);
}

/* How many events say what was ordered, until this one does not. */
static uint64_t
events_of(enum event event)
{
	uint64_t n = 0;

	while (!hears_nothing(LOG)) {
		struct log_row row;

		hear(LOG, LOG_ROW, &row);
		n += row.event == event;
	}
	return n;
}

TEST(an_order_about_all_is_one_event)
{
	static const enum queue_verb verbs[] = { QUEUE_HOLD, QUEUE_RETRY,
		QUEUE_RELEASE };
	static uint64_t rows, attempts;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	fill();
	give_link(LOG);
	for (size_t i = 0; i < COUNT_OF(verbs); i++) {
		order(verbs[i], 0);
		check_done(MANY, OK);
		list(&rows, &attempts); /* the event was told by then */
		CHECK_NUMBER(rows, MANY);
		CHECK_NUMBER(events_of(EV_QUEUE_ORDERED), 1);
	}
	end();
}

/* The rest of the queue is not touched. */
TEST(an_order_goes_by_its_filter)
{
	static const char *const two[] = { "b@two.test" };
	struct queue_order m = { .head = { .type = QUEUE_ORDER },
		.verb = QUEUE_DROP,
		.rcpt_len = 9,
		.rcpt = "@two.test" };

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	order(QUEUE_HOLD, 0);
	check_done(0, OK);
	for (int i = 0; i < 5; i++) {
		queued(1, rcpts);
		queued(1, two);
	}
	wait_for(10, 0);
	channel_close(&fake.links[RELAY]); /* nobody is at work */
	say(CTL, &m, -1);
	check_done(5, OK);
	wait_for(5, 0);
	end();
}

TEST(a_message_goes_where_the_operator_sends_it)
{
	struct queue_order m = { .head = { .type = QUEUE_ORDER },
		.verb = QUEUE_ROUTE,
		.port = 2525,
		.host_len = 13,
		.host = "relay.example" };
	struct dial_request dial;
	struct relay_done done = { .head = { .type = RELAY_DONE } };

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	queued(1, rcpts);
	hear(DIAL, DIAL_REQUEST, &dial);
	CHECK_SPAN(span_at(dial.host, dial.host_len), "one.test");
	say(CTL, &m, -1);
	check_done(1, OK);
	done.head.session = dial.head.session;
	say(RELAY, &done, -1);
	hear(DIAL, DIAL_REQUEST, &dial);
	CHECK_SPAN(span_at(dial.host, dial.host_len), "relay.example");
	CHECK_NUMBER(dial.port, 2525);
	CHECK_NUMBER(dial.by_mx, 0);
	CHECK_NUMBER(dial.named, 1);
	end();
}
