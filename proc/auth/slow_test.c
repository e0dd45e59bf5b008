#include "proc/auth/slow.h"

#include "lib/base/test.h"

#define V4(last) \
	{ [10] = 0xff, 0xff, 192, 0, 2, last }
#define V6(net, last)                                     \
	{                                                 \
		0x20, 1, 0xd, 0xb8, 0, 0, 0, net, [15] = last \
	}

static struct slow slow;
static struct tick now;

static void
start(void)
{
	static const struct siphash_key key = { "any key will do" };

	slow_init(&slow, &key);
	now.us = HOURS(1);
}

static int64_t
fail(const uint8_t peer[16], struct span login, unsigned times)
{
	int64_t wait = 0;

	while (times-- > 0)
		wait = slow_failed(&slow, now, peer, login);
	return wait;
}

static const struct {
	const char *what;
	unsigned failures;
	int64_t wait;
} waits[] = {
	{ "the first is not slowed", 1, 0 },
	{ "nor the third", 3, 0 },
	{ "the fourth is", 4, SECONDS(1) / 2 },
	{ "twice as long", 5, SECONDS(1) },
	{ "and again", 6, SECONDS(2) },
	{ "up to a limit", 9, SLOW_LAST },
	{ "that stays", 2000, SLOW_LAST },
};

TEST(slow_doubles_the_wait_of_a_source)
{
	static const uint8_t peer[16] = V4(7);

	EACH_CASE(c, waits) {
		start();
		CHECK_NUMBER(fail(peer, SPAN(""), c->failures), c->wait);
		CHECK_NUMBER(slow_failures(&slow, now, peer), c->failures);
	}
}

static const struct {
	const char *what;
	uint8_t one[16], other[16];
	bool same;
} sources[] = {
	{ "one IPv4 /24", V4(1), V4(250), true },
	{ "two of them", V4(1), { [10] = 0xff, 0xff, 192, 0, 3, 1 }, false },
	{ "one IPv6 /64", V6(1, 1), V6(1, 9), true },
	{ "two of them", V6(1, 1), V6(2, 1), false },
	{ "one of each", V4(1), V6(1, 1), false },
};

TEST(slow_knows_a_source_by_its_network)
{
	EACH_CASE(c, sources) {
		start();
		fail(c->one, SPAN(""), 5);
		CHECK_NUMBER(slow_failures(&slow, now, c->other),
			c->same ? 5 : 0);
	}
}

TEST(slow_knows_a_login_from_everywhere)
{
	struct span alice = SPAN("alice"), bob = SPAN("bob");
	int64_t wait = 0;

	start();
	for (uint8_t net = 0; net < SLOW_LOGIN; net++) {
		uint8_t peer[16] = V6(net, 1);

		CHECK_NUMBER(fail(peer, alice, 1), 0);
	}
	for (uint8_t net = 100; net < 103; net++) {
		uint8_t peer[16] = V6(net, 1);

		test_row = "the next from yet another source";
		CHECK(fail(peer, SPAN("ALICE"), 1) > wait);
		wait += SECONDS(1) / 4;
		test_row = "another login from there";
		CHECK_NUMBER(fail(peer, bob, 1), 0);
	}
}

TEST(slow_forgets)
{
	static const uint8_t peer[16] = V4(7);

	start();
	test_row = "half, by success";
	fail(peer, SPAN("x"), 8);
	slow_succeeded(&slow, now, peer, SPAN("x"));
	CHECK_NUMBER(slow_failures(&slow, now, peer), 4);
	test_row = "nothing while the wait lasts";
	now.us += SLOW_FORGET;
	CHECK_NUMBER(slow_failures(&slow, now, peer), 4);
	test_row = "all, after a while";
	now.us++;
	CHECK_NUMBER(slow_failures(&slow, now, peer), 0);
	CHECK_NUMBER(fail(peer, SPAN("x"), 1), 0);
}

/* ACC-03: the address is locked, the owner elsewhere is not. */
TEST(slow_locks_an_address)
{
	static const uint8_t here[16] = V4(7), beside[16] = V4(8);
	static const uint8_t net[16] = V6(7, 1), same[16] = V6(7, 2);

	start();
	fail(here, SPAN("alice"), 2);
	CHECK(!slow_locked(&slow, now, here, 3));
	fail(here, SPAN("bob"), 1);
	CHECK(slow_locked(&slow, now, here, 3));
	test_row = "its neighbour";
	CHECK(!slow_locked(&slow, now, beside, 3));
	test_row = "an IPv6 /64 is one";
	fail(net, SPAN("alice"), 3);
	CHECK(slow_locked(&slow, now, same, 3));
	test_row = "until it was quiet";
	now.us += SLOW_FORGET;
	CHECK(slow_locked(&slow, now, here, 3));
	now.us++;
	CHECK(!slow_locked(&slow, now, here, 3));
}
