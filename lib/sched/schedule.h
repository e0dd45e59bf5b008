/* schedule.h -- when a message that could not be handed over is tried again,
 * and when it is given up, RFC 5321 section 4.5.4.1.
 *
 * Arithmetic on the wall clock, because it must hold over restarts.  A clock that
 * steps back delays attempts; one that steps forward hastens them, but never
 * gives a message up that was tried only once (rule O6).
 */
#pragma once

#include <stddef.h>

#include "lib/base/time.h"

struct schedule {
	const int64_t *waits_us; /* between attempts, the last one repeats  */
	size_t count;            /* at least 1                              */
	int64_t expire_us;       /* age at which it is given up             */
};

/* The attempt after `attempts` of them (at least 1): later than `now`, and
 * spread by up to an eighth of the wait, so that what failed together does not
 * come back together.  `salt` is anything that differs from message to
 * message. */
struct instant schedule_next(const struct schedule *s, uint32_t attempts,
	uint64_t salt, struct instant now);

/* The same when the server greylists: it wants to see that we come back, in some
 * minutes or half an hour, so the first attempts after that are not later than
 * this, whatever the schedule says. */
struct instant schedule_next_greylisted(const struct schedule *s,
	uint32_t attempts, uint64_t salt, struct instant now);

/* Too old, and tried more than once? */
bool schedule_is_over(const struct schedule *s, struct instant arrived,
	uint32_t attempts, struct instant now);
