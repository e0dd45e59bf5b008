#include "sys/clock.h"

#include <time.h>

static int64_t
read_clock(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return SECONDS(t.tv_sec) + t.tv_nsec / 1000;
}

struct instant
clock_instant(void)
{
	return (struct instant){ read_clock(CLOCK_REALTIME) };
}

struct tick
clock_tick(void)
{
	return (struct tick){ read_clock(CLOCK_MONOTONIC) };
}
