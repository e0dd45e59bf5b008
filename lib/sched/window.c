#include "lib/sched/window.h"

void
window_init(struct window *w)
{
	*w = (struct window){ .limit = WINDOW_BEGIN };
}

bool
window_is_closed(const struct window *w, struct tick now)
{
	return now.us < w->open_at.us;
}

uint32_t
window_room(const struct window *w, uint32_t used, uint32_t most,
	struct tick now)
{
	uint32_t limit = w->limit < most ? w->limit : most;

	if (window_is_closed(w, now) || used >= limit)
		return 0;
	return limit - used;
}

void
window_good(struct window *w, uint32_t most)
{
	w->closings = 0;
	w->open_at = (struct tick){ 0 };
	if (w->limit < most)
		w->limit++;
}

static int64_t
closed_for(uint32_t closings, uint64_t salt)
{
	int64_t wait = WINDOW_FIRST;

	for (uint32_t i = 1; i < closings && wait < WINDOW_LONGEST; i++)
		wait *= 2;
	if (wait > WINDOW_LONGEST)
		wait = WINDOW_LONGEST;
	salt = (salt + closings) * 0x9e3779b97f4a7c15u;
	return wait + (int64_t)((salt >> 33) % (uint64_t)(wait / 8 + 1));
}

void
window_bad(struct window *w, uint64_t salt, struct tick now)
{
	if (window_is_closed(w, now)) /* one that was under way before */
		return;
	if (w->limit > 1) {
		w->limit /= 2;
		return;
	}
	w->closings += w->closings < UINT32_MAX;
	w->open_at.us = now.us + closed_for(w->closings, salt);
}

void
window_open(struct window *w)
{
	w->open_at = (struct tick){ 0 };
}
