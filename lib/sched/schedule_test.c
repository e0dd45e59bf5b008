#include "lib/sched/schedule.h"

#include "lib/base/test.h"

#define NOW_US 1796000000000000
#define NOW    ((struct instant){ NOW_US })

static const int64_t waits[] = { MINUTES(10), MINUTES(30), HOURS(2) };
static const int64_t none[] = { 0 };

static const struct {
	const char *what;
	struct schedule schedule;
	uint32_t attempts;
	int64_t now_us, least_us; /* the wait; an eighth more at most */
} attempts[] = {
	{ "after the first attempt", { waits, 3, DAYS(5) }, 1, NOW_US,
		MINUTES(10) },
	{ "after the second", { waits, 3, DAYS(5) }, 2, NOW_US, MINUTES(30) },
	{ "after the third", { waits, 3, DAYS(5) }, 3, NOW_US, HOURS(2) },
	{ "the last repeats", { waits, 3, DAYS(5) }, 4, NOW_US, HOURS(2) },
	{ "and repeats", { waits, 3, DAYS(5) }, UINT32_MAX, NOW_US, HOURS(2) },
	{ "one wait for all", { waits, 1, DAYS(5) }, 9, NOW_US, MINUTES(10) },
	{ "never at once", { none, 1, DAYS(5) }, 1, NOW_US, SECONDS(1) },
	{ "a clock before 1970", { waits, 3, DAYS(5) }, 1, -DAYS(9),
		MINUTES(10) },
};

TEST(schedule_next_waits_by_the_number_of_attempts)
{
	EACH_CASE(c, attempts)
		for (uint64_t salt = 0; salt < 1000; salt++) {
			int64_t wait = schedule_next(&c->schedule, c->attempts,
					       salt, (struct instant){ c->now_us })
					       .us -
				c->now_us;

			CHECK(wait >= c->least_us);
			CHECK(wait <= c->least_us + c->least_us / 8);
		}
}

/* What failed together in one second comes back over more than a minute. */
TEST(schedule_next_spreads_what_failed_together)
{
	struct schedule s = { waits, 3, DAYS(5) };
	bool seconds[76] = { false };
	size_t different = 0;

	for (uint64_t salt = 1; salt <= 1000; salt++)
		seconds[(schedule_next(&s, 1, salt, NOW).us - NOW_US -
				MINUTES(10)) /
			SECONDS(1)] = true;
	for (size_t i = 0; i < sizeof seconds; i++)
		different += seconds[i];
	CHECK(different > 70);
}

static const struct {
	const char *what;
	int64_t age_us;
	uint32_t attempts;
	bool over;
} ages[] = {
	{ "new", 0, 1, false },
	{ "young, tried often", DAYS(5) - 1, 1000, false },
	{ "old enough", DAYS(5), 2, true },
	{ "old, but never tried", DAYS(50), 0, false },
	{ "old, but tried once: the clock may have jumped", DAYS(50), 1,
		false },
	{ "arrived in the future: the clock stepped back", -DAYS(50), 1000,
		false },
};

TEST(schedule_is_over_by_age_and_attempts)
{
	struct schedule s = { waits, 3, DAYS(5) };

	EACH_CASE(c, ages)
		CHECK_NUMBER(schedule_is_over(&s,
				     (struct instant){ NOW_US - c->age_us },
				     c->attempts, NOW),
			c->over);
}

TEST(schedule_next_ends_where_time_does)
{
	struct schedule s = { waits, 3, DAYS(5) };
	struct instant late = { INT64_MAX - MINUTES(1) };

	CHECK_NUMBER(schedule_next(&s, 1, 1, late).us, INT64_MAX);
}

/* A server that wants to see us again soon does, four times; then, and where the
 * schedule is faster, the schedule holds. */
TEST(schedule_next_greylisted_comes_back_soon)
{
	static const int64_t slow[] = { HOURS(4) }, fast[] = { MINUTES(1) };
	struct schedule s = { slow, 1, DAYS(5) }, f = { fast, 1, DAYS(5) };

	for (uint32_t n = 1; n <= 4; n++) {
		int64_t wait = schedule_next_greylisted(&s, n, n, NOW).us -
			NOW_US;

		CHECK(wait >= MINUTES(5) && wait <= MINUTES(23));
		CHECK(schedule_next_greylisted(&f, n, n, NOW).us ==
			schedule_next(&f, n, n, NOW).us);
	}
	CHECK(schedule_next_greylisted(&s, 5, 5, NOW).us - NOW_US >= HOURS(4));
}
