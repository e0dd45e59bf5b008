/* shed.h -- send some away early rather than serve all too late.
 *
 * The waiting time of messages at their end is the measure.  While even the
 * quickest of an interval takes longer than the target, one more of LEVELS new
 * connections is refused each interval; when it is below, one fewer.  (The idea
 * is CoDel's, RFC 8289: a short burst fills a queue, only overload keeps it
 * full.)
 */
#pragma once

#include "lib/base/time.h"

#define SHED_LEVELS 8
#define SHED_INTERVAL SECONDS(2)

/* Zero at the start. */
struct shed {
	struct tick begun; /* of the interval                        */
	int64_t least_us;  /* in the interval; 0: nothing was measured */
	uint32_t level;    /* of SHED_LEVELS are refused; one gets in */
	uint32_t turn;
};

/* A message waited `us` for its answer. */
void shed_measure(
	struct shed *s, int64_t us, int64_t target_us, struct tick now);

/* May a new connection come in? */
bool shed_admit(struct shed *s, int64_t target_us, struct tick now);
