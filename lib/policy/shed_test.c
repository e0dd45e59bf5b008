#include "lib/policy/shed.h"

#include "lib/base/test.h"

#define TARGET SECONDS(1)

static unsigned
admitted(struct shed *s, struct tick now)
{
	unsigned n = 0;

	for (int i = 0; i < SHED_LEVELS; i++)
		n += shed_admit(s, TARGET, now);
	return n;
}

/* `rounds` intervals in which messages took so long. */
static struct tick
go(struct shed *s, struct tick now, int rounds, int64_t us)
{
	for (int i = 0; i < rounds; i++) {
		shed_measure(s, us, TARGET, now);
		now.us += SHED_INTERVAL;
	}
	shed_measure(s, us, TARGET, now);
	return now;
}

TEST(shed_nobody_while_it_is_quick)
{
	struct shed s = { .level = 0 };
	struct tick now = go(&s, (struct tick){ SECONDS(100) }, 50, TARGET / 2);

	CHECK_NUMBER(admitted(&s, now), SHED_LEVELS);
}

TEST(shed_more_while_it_is_slow_but_never_all)
{
	struct shed s = { .level = 0 };
	struct tick now = go(&s, (struct tick){ SECONDS(100) }, 3, 2 * TARGET);

	CHECK_NUMBER(admitted(&s, now), SHED_LEVELS - 3);
	now = go(&s, now, 50, 2 * TARGET);
	CHECK_NUMBER(admitted(&s, now), 1);
}

TEST(shed_fewer_when_it_is_better)
{
	struct shed s = { .level = 0 };
	struct tick now = go(&s, (struct tick){ SECONDS(100) }, 7, 2 * TARGET);

	now = go(&s, now, 4, TARGET / 2);
	CHECK(admitted(&s, now) > 2);
	now = go(&s, now, 8, TARGET / 2);
	CHECK_NUMBER(admitted(&s, now), SHED_LEVELS);
}

/* One quick message among slow ones: a burst, not overload. */
TEST(shed_nobody_for_a_burst)
{
	struct shed s = { .level = 0 };
	struct tick now = { SECONDS(100) };

	for (int i = 0; i < 20; i++) {
		shed_measure(&s, 5 * TARGET, TARGET, now);
		shed_measure(&s, TARGET / 4, TARGET, now);
		now.us += SHED_INTERVAL;
	}
	CHECK_NUMBER(admitted(&s, now), SHED_LEVELS);
}

TEST(shed_ends_when_nothing_is_measured)
{
	struct shed s = { .level = 0 };
	struct tick now = go(&s, (struct tick){ SECONDS(100) }, 7, 2 * TARGET);

	for (int i = 0; i < 20; i++) {
		now.us += SHED_INTERVAL;
		(void)shed_admit(&s, TARGET, now);
	}
	CHECK_NUMBER(admitted(&s, now), SHED_LEVELS);
}
