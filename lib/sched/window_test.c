#include "lib/sched/window.h"

#include "lib/base/test.h"

#define NOW ((struct tick){ SECONDS(1000) })

static struct tick
later(int64_t us)
{
	return (struct tick){ NOW.us + us };
}

TEST(a_place_that_answers_gets_more)
{
	struct window w;

	window_init(&w);
	CHECK_NUMBER(window_room(&w, 0, 10, NOW), WINDOW_BEGIN);
	CHECK_NUMBER(window_room(&w, WINDOW_BEGIN, 10, NOW), 0);
	CHECK_NUMBER(window_room(&w, 0, 1, NOW), 1);
	for (int i = 0; i < 100; i++)
		window_good(&w, 10);
	CHECK_NUMBER(window_room(&w, 0, 10, NOW), 10);
	CHECK_NUMBER(window_room(&w, 4, 10, NOW), 6);
	/* the settings allow less now */
	CHECK_NUMBER(window_room(&w, 4, 3, NOW), 0);
}

/* Ten fail together: it is closed once, not ten times as long. */
TEST(a_place_that_dies_is_closed)
{
	struct window w;

	window_init(&w);
	for (int i = 0; i < 100; i++)
		window_good(&w, 10);
	for (int i = 0; i < 3; i++) {
		window_bad(&w, 7, NOW);
		CHECK(!window_is_closed(&w, NOW));
	}
	CHECK_NUMBER(window_room(&w, 0, 10, NOW), 1);
	for (int i = 0; i < 10; i++)
		window_bad(&w, 7, NOW);
	CHECK(window_is_closed(&w, NOW));
	CHECK_NUMBER(window_room(&w, 0, 10, NOW), 0);
	CHECK(window_is_closed(&w, later(WINDOW_FIRST - 1)));
	CHECK(!window_is_closed(&w, later(WINDOW_FIRST + WINDOW_FIRST / 8)));
	CHECK_NUMBER(window_room(&w, 0, 10, later(HOURS(1))), 1);
}

/* What it costs in a day: an attempt an hour, after the first. */
TEST(a_dead_place_costs_little)
{
	struct window w = { .limit = 1 };
	struct tick now = NOW;
	unsigned attempts = 0;

	while (now.us < NOW.us + DAYS(1)) {
		window_bad(&w, 7, now);
		attempts++;
		CHECK(w.open_at.us > now.us);
		CHECK(w.open_at.us - now.us <=
			WINDOW_LONGEST + WINDOW_LONGEST / 8);
		now = w.open_at;
	}
	CHECK(attempts <= 24 + 6);
}

TEST(a_place_that_is_back_is_open)
{
	struct window w = { .limit = 1 };

	window_bad(&w, 7, NOW);
	window_bad(&w, 7, w.open_at);
	CHECK_NUMBER(w.closings, 2);
	window_good(&w, 10);
	CHECK_NUMBER(window_room(&w, 0, 10, NOW), 2);
	CHECK_NUMBER(w.closings, 0);
}

TEST(the_operator_may_look_at_once)
{
	struct window w = { .limit = 1 };

	window_bad(&w, 7, NOW);
	window_open(&w);
	CHECK_NUMBER(window_room(&w, 0, 10, NOW), 1);
	window_bad(&w, 7, NOW); /* it was wrong */
	CHECK(window_is_closed(&w, later(2 * WINDOW_FIRST - 1)));
}
