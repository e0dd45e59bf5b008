#include "proc/auth/slow.h"

#include <string.h>

#include "lib/base/buf.h"

#define WAIT_FIRST (SECONDS(1) / 2)
#define LOGIN_KEPT 64 /* octets of a login that tell it from another */

void
slow_init(struct slow *s, const struct siphash_key *key)
{
	memset(s, 0, sizeof *s);
	s->key = *key;
}

/* Its place, empty when it was another's or is too old. */
static struct slow_place *
place_of(struct slow *s, struct tick now, struct span name)
{
	uint64_t key = siphash(&s->key, name);
	struct slow_place *p = &s->places[key % SLOW_PLACES];

	if (p->key != key || now.us - p->last.us > SLOW_FORGET)
		*p = (struct slow_place){ .key = key, .last = now };
	return p;
}

static bool
is_v4(const uint8_t peer[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(peer, mapped, sizeof mapped) == 0;
}

static struct slow_place *
place_of_source(struct slow *s, struct tick now, const uint8_t peer[16])
{
	return place_of(s, now, span_at(peer, is_v4(peer) ? 15 : 8));
}

/* The address alone; longer than a source, so that none is taken for the
 * other. */
static struct slow_place *
place_of_address(struct slow *s, struct tick now, const uint8_t peer[16])
{
	uint8_t name[18] = { 0 };

	memcpy(name, peer, is_v4(peer) ? 16 : 8);
	return place_of(s, now, span_at(name, sizeof name));
}

/* Longer than any of the two. */
static struct slow_place *
place_of_login(struct slow *s, struct tick now, struct span login)
{
	uint8_t name[18 + LOGIN_KEPT] = { 0 };

	for (size_t i = 0; i < login.len && i < LOGIN_KEPT; i++)
		name[18 + i] = octet_lower(login.at[i]);
	return place_of(s, now, span_at(name, sizeof name));
}

/* 0 up to `allowed` failures, then doubled by each. */
static int64_t
wait_after(uint32_t failures, uint32_t allowed)
{
	int64_t wait = WAIT_FIRST;

	if (failures <= allowed)
		return 0;
	for (failures -= allowed; failures > 1 && wait < SLOW_LAST; failures--)
		wait *= 2;
	return wait < SLOW_LAST ? wait : SLOW_LAST;
}

static int64_t
fail(struct slow_place *p, struct tick now, uint32_t allowed)
{
	p->last = now;
	if (p->failures < UINT32_MAX)
		p->failures++;
	return wait_after(p->failures, allowed);
}

int64_t
slow_failed(struct slow *s, struct tick now, const uint8_t peer[16],
	struct span login)
{
	int64_t wait = fail(place_of_source(s, now, peer), now, SLOW_SOURCE);
	int64_t other = 0;

	fail(place_of_address(s, now, peer), now, SLOW_SOURCE);
	if (login.len > 0)
		other = fail(place_of_login(s, now, login), now, SLOW_LOGIN);
	return wait > other ? wait : other;
}

bool
slow_locked(struct slow *s, struct tick now, const uint8_t peer[16],
	uint32_t after)
{
	return place_of_address(s, now, peer)->failures >= after;
}

void
slow_succeeded(struct slow *s, struct tick now, const uint8_t peer[16],
	struct span login)
{
	place_of_source(s, now, peer)->failures /= 2;
	place_of_address(s, now, peer)->failures /= 2;
	place_of_login(s, now, login)->failures /= 2;
}

uint32_t
slow_failures(struct slow *s, struct tick now, const uint8_t peer[16])
{
	return place_of_source(s, now, peer)->failures;
}
