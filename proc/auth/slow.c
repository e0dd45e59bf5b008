/* slow.c -- the time that failures cost their source (AC-7, AU-D07). */
#include <string.h>

#include "lib/base/number.h"
#include "proc/auth/auth.h"
#include "sys/clock.h"

#define FREE_FAILURES 3
#define WAIT_FIRST    (SECONDS(1) / 2)
#define WAIT_LAST     SECONDS(15)
#define FORGET_US     MINUTES(15)

/* IPv4 by /24, IPv6 by /64; never 0. */
static uint64_t
source_of(const uint8_t peer[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint64_t key = 0;

	if (memcmp(peer, mapped, sizeof mapped) == 0)
		memcpy((uint8_t *)&key + 4, peer + 12, 3);
	else
		memcpy(&key, peer, 8);
	return key | 1;
}

/* Its place in the table: a source pushes out another one of the same place,
 * so a table that is attacked forgets, and never refuses. */
static struct source *
place_of(struct auth *a, const uint8_t peer[16])
{
	uint64_t key = source_of(peer);
	struct source *s =
		&a->sources[(key * 0x9e3779b97f4a7c15u >> 32) % SOURCES];

	if (s->key != key || clock_tick().us - s->last.us > FORGET_US)
		*s = (struct source){ .key = key };
	return s;
}

int64_t
slow_wait(struct auth *a, const uint8_t peer[16])
{
	uint32_t n = place_of(a, peer)->failures;
	int64_t wait = WAIT_FIRST;

	if (n <= FREE_FAILURES)
		return 0;
	for (n -= FREE_FAILURES; n > 1 && wait < WAIT_LAST; n--)
		wait *= 2;
	return wait < WAIT_LAST ? wait : WAIT_LAST;
}

void
slow_failed(struct auth *a, const uint8_t peer[16])
{
	struct source *s = place_of(a, peer);

	s->last = clock_tick();
	if (s->failures < UINT32_MAX)
		s->failures++;
}

void
slow_succeeded(struct auth *a, const uint8_t peer[16])
{
	/* one right password does not excuse guessing at others */
	struct source *s = place_of(a, peer);

	s->failures /= 2;
}
