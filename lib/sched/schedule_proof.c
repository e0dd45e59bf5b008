#include "lib/base/property.h"
#include "lib/sched/schedule.h"

/* The next attempt is later than now, whatever the clock and the settings
 * say: a message never spins. */
PROPERTY(schedule_next_is_later)
{
	ANY(int64_t, now);
	ANY(int64_t, first);
	ANY(int64_t, last);
	ANY(uint32_t, attempts);
	ANY(uint64_t, salt);
	int64_t waits[2] = { first, last };
	struct schedule s = { waits, 2, DAYS(5) };
	int64_t next;

	ASSUME(now < INT64_MAX);
	ASSUME(first <= DAYS(365) && last <= DAYS(365));
	next = schedule_next(&s, attempts, salt, (struct instant){ now }).us;

	MUST(next > now);
}
