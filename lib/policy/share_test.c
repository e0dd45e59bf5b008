#include "lib/policy/share.h"

#include "lib/base/test.h"

#define SLOTS 40

static struct share_holder holders[2 * SLOTS];
static struct table_slot slots[2 * SLOTS];

static struct share
fresh(void)
{
	static const struct siphash_key key = { { 7 } };
	struct share s;

	share_init(&s, holders, slots, 2 * SLOTS, &key);
	return s;
}

static const struct share_limits limits = {
	.slots = SLOTS, .per_source = 12, .per_net = 30, .few = 3
};

static unsigned
take(struct share *s, uint8_t third, uint8_t last, unsigned tries)
{
	const uint8_t peer[16] = { [10] = 0xff, 0xff, 10, 0, third, last };
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += share_take(s, &limits, peer) == OK;
	return n;
}

TEST(share_of_one_source)
{
	struct share s = fresh();

	CHECK_NUMBER(take(&s, 0, 1, 50), limits.per_source);
	CHECK_NUMBER(take(&s, 0, 1, 1), 0);
}

/* RAT-03: many greedy sources, and the next one still gets in. */
TEST(share_keeps_half_for_those_who_hold_few)
{
	struct share s = fresh();

	CHECK_NUMBER(take(&s, 0, 1, 50), 12);
	CHECK_NUMBER(take(&s, 1, 1, 50), 8); /* half of the slots are taken */
	for (uint8_t i = 2; i < 6; i++)
		CHECK_NUMBER(take(&s, i, 1, 50), limits.few);
	CHECK_NUMBER(take(&s, 0, 1, 1) + take(&s, 2, 1, 1), 0);
	CHECK_NUMBER(take(&s, 9, 1, 50), limits.few);
}

TEST(share_of_a_net)
{
	struct share s = fresh();
	unsigned n = 0;

	for (uint8_t host = 0; host < 40; host++)
		n += take(&s, 0, host, 1);
	CHECK_NUMBER(n, SLOTS / 2); /* then it holds more than a few */
	CHECK_NUMBER(take(&s, 1, 1, 9), limits.few);
}

TEST(share_takes_a_64_for_one_source)
{
	struct share s = fresh();
	unsigned n = 0;

	for (unsigned i = 0; i < 64; i++) {
		const uint8_t peer[16] = { 0x20, 0x01, [15] = (uint8_t)i };

		n += share_take(&s, &limits, peer) == OK;
	}
	CHECK_NUMBER(n, limits.per_source);
}

TEST(share_comes_back)
{
	struct share s = fresh();
	const uint8_t peer[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };

	for (int round = 0; round < 1000; round++) {
		CHECK_NUMBER(take(&s, 0, 1, 1), 1);
		share_give(&s, peer);
	}
	CHECK_NUMBER(s.used, 0);
	CHECK_NUMBER(take(&s, 0, 1, 50), 12);
}

TEST(share_follows_new_limits)
{
	struct share s = fresh();
	struct share_limits less = limits;
	const uint8_t peer[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };

	less.per_source = 2;
	CHECK_NUMBER(take(&s, 0, 1, 5), 5);
	CHECK_FAULT(share_take(&s, &less, peer), &fault_limit_sessions);
	share_give(&s, peer);
	share_give(&s, peer);
	share_give(&s, peer);
	CHECK_FAULT(share_take(&s, &less, peer), &fault_limit_sessions);
	share_give(&s, peer);
	CHECK_OK(share_take(&s, &less, peer));
}
