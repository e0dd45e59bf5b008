#include "lib/base/property.h"
#include "lib/sched/window.h"

/* Whatever comes of the attempts: never more connections than are allowed, never
 * closed for long, and a success opens. */
PROPERTY(window_is_bounded)
{
	ANY(uint64_t, results); /* a bit each */
	ANY(uint64_t, salt);
	ANY(uint32_t, used);
	ANY(uint32_t, most);
	ANY(int64_t, start);
	struct tick now = { start };
	struct window w;

	ASSUME(start >= 0 && start < DAYS(36500));
	ASSUME(most > 0);
	window_init(&w);
	for (int i = 0; i < 64; i++, now.us += MINUTES(5)) {
		bool good = results >> i & 1;

		if (good)
			window_good(&w, most);
		else
			window_bad(&w, salt, now);
		MUST(w.limit >= 1);
		MUST(window_room(&w, used, most, now) <= most);
		MUST(!good || !window_is_closed(&w, now));
		MUST(w.open_at.us <=
			now.us + WINDOW_LONGEST + WINDOW_LONGEST / 8);
	}
}
