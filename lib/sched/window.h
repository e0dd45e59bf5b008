/* window.h -- how many connections to one place at one moment: as many as go
 * well.
 *
 * A place begins with few.  Each success allows one more, each failure to reach
 * it half as many; a failure with only one closes it for a while, then one
 * connection looks whether it is back, and each time in vain the while is
 * twice as long.  So a dead place costs one attempt an hour in the end, however
 * much mail waits for it, and one that is half dead not many more.
 *
 * What a peer says about a message or a mailbox is a success here: it answers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/time.h"

#define WINDOW_BEGIN   2          /* connections to a place nobody knows */
#define WINDOW_FIRST   MINUTES(2) /* it is closed for, and an eighth more */
#define WINDOW_LONGEST HOURS(1)   /* at most, and an eighth more          */

struct window {
	uint32_t limit;      /* at least 1 */
	uint32_t closings;   /* without a success since */
	struct tick open_at; /* closed before that */
};

void window_init(struct window *w);

/* How many connections more, when there are `used` and `most` are allowed. */
uint32_t window_room(const struct window *w, uint32_t used, uint32_t most,
	struct tick now);

void window_good(struct window *w, uint32_t most);

/* salt  differs from place to place, so that they do not come back together */
void window_bad(struct window *w, uint64_t salt, struct tick now);

/* Somebody says that it is back: one connection may look at once. */
void window_open(struct window *w);

bool window_is_closed(const struct window *w, struct tick now);
