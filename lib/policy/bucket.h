/* bucket.h -- a token bucket: so much in a window of time, then at the rate of
 * it (NC-2.1.8).
 *
 * At most `most` are admitted at once, and in any time t no more than
 * most + most * t / window.  What is admitted drains evenly.  "now" is wall
 * clock, so that a bucket outlives a restart; a clock that is set back drains
 * nothing, one that is set forward drains at most everything.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* most 0: nothing of the kind is counted.  most * 2 * window_ms has 63 bits. */
struct rate {
	uint64_t most;
	int64_t window_ms;
};

/* Zero is empty. */
struct bucket {
	int64_t at_ms; /* drained up to then   */
	uint64_t used; /* at most twice `most` */
};

/* Is there room for `amount`?  Drains first.  Nothing is taken. */
bool bucket_has_room(
	struct bucket *b, struct rate r, uint64_t amount, int64_t now_ms);

/* Take it, room or not: what has happened already counts too, up to a whole
 * window in advance. */
void bucket_charge(
	struct bucket *b, struct rate r, uint64_t amount, int64_t now_ms);

/* How full it is, 0 to 512; 256 is `most`. */
unsigned bucket_heat(struct bucket *b, struct rate r, int64_t now_ms);
