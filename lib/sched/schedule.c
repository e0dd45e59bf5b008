#include "lib/sched/schedule.h"

#include "lib/base/must.h"
#include "lib/base/number.h"

struct instant
schedule_next(const struct schedule *s, uint32_t attempts, uint64_t salt,
	struct instant now)
{
	size_t at = attempts > 0 ? attempts - 1 : 0;
	int64_t wait, spread;

	MUST(s->count > 0);
	wait = s->waits_us[at < s->count ? at : s->count - 1];
	if (wait < SECONDS(1))
		wait = SECONDS(1);
	salt = (salt + attempts) * 0x9e3779b97f4a7c15u;
	spread = (int64_t)((salt >> 33) % (uint64_t)(wait / 8 + 1));
	if (now.us > INT64_MAX - wait - spread)
		return (struct instant){ INT64_MAX };
	return (struct instant){ now.us + wait + spread };
}

struct instant
schedule_next_greylisted(const struct schedule *s, uint32_t attempts,
	uint64_t salt, struct instant now)
{
	static const int64_t waits[] = { MINUTES(5), MINUTES(6), MINUTES(10),
		MINUTES(20) };
	const struct schedule soon = { waits, COUNT_OF(waits), 0 };
	struct instant next = schedule_next(s, attempts, salt, now);
	struct instant sooner = schedule_next(&soon, attempts, salt, now);

	return attempts > COUNT_OF(waits) || next.us < sooner.us ? next
								 : sooner;
}

bool
schedule_is_over(const struct schedule *s, struct instant arrived,
	uint32_t attempts, struct instant now)
{
	return attempts > 1 && now.us > arrived.us &&
		now.us - arrived.us >= s->expire_us;
}
