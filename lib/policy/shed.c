#include "lib/policy/shed.h"

/* Close the interval when it is over.  One in which nothing ended says
 * nothing, and without word for long the pressure is taken to be gone. */
static void
follow(struct shed *s, int64_t target_us, struct tick now)
{
	if (now.us - s->begun.us < SHED_INTERVAL)
		return;
	if (s->least_us > target_us) {
		if (s->level < SHED_LEVELS - 1)
			s->level++;
	} else if (s->level > 0) {
		s->level--;
	}
	s->begun = now;
	s->least_us = 0;
}

void
shed_measure(struct shed *s, int64_t us, int64_t target_us, struct tick now)
{
	follow(s, target_us, now);
	if (s->least_us == 0 || us < s->least_us)
		s->least_us = us > 0 ? us : 1;
}

bool
shed_admit(struct shed *s, int64_t target_us, struct tick now)
{
	follow(s, target_us, now);
	s->turn = (s->turn + 1) % SHED_LEVELS;
	return s->turn >= s->level;
}
