#include "lib/policy/bucket.h"

#include "lib/base/test.h"

#define NOW 1764000000000
#define MINUTE 60000

static const struct rate six = { 6, MINUTE };

static unsigned
admit(struct bucket *b, unsigned tries, int64_t now)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		if (bucket_has_room(b, six, 1, now)) {
			bucket_charge(b, six, 1, now);
			n++;
		}
	return n;
}

static const struct {
	const char *what;
	int64_t later;
	unsigned admitted;
} cases[] = {
	{ "in the same moment nothing more", 0, 0 },
	{ "not a whole one has drained", 9999, 0 },
	{ "one has drained", 10000, 1 },
	{ "half a window gives half", MINUTE / 2, 3 },
	{ "a window gives all, and not more", MINUTE, 6 },
	{ "a year gives no more than a window", 366LL * 86400000, 6 },
	{ "a clock that was set back gives nothing", -3600000, 0 },
};

TEST(bucket_drains)
{
	EACH_CASE(c, cases)
	{
		struct bucket b = { 0, 0 };

		CHECK_NUMBER(admit(&b, 10, NOW), 6);
		CHECK_NUMBER(admit(&b, 10, NOW + c->later), c->admitted);
	}
}

TEST(bucket_goes_on_after_a_clock_that_was_set_back)
{
	struct bucket b = { 0, 0 };

	CHECK_NUMBER(admit(&b, 10, NOW), 6);
	CHECK_NUMBER(admit(&b, 10, NOW - 3600000), 0);
	CHECK_NUMBER(admit(&b, 10, NOW - 3600000 + 10000), 1);
}

TEST(bucket_charge_may_go_beyond_once)
{
	struct bucket b = { 0, 0 };

	bucket_charge(&b, six, 1000, NOW);
	CHECK_NUMBER(b.used, 12);
	CHECK(!bucket_has_room(&b, six, 1, NOW + MINUTE));
	CHECK(bucket_has_room(&b, six, 6, NOW + 2 * MINUTE));
}

TEST(bucket_more_than_all_never_fits)
{
	struct bucket b = { 0, 0 };

	CHECK(!bucket_has_room(&b, six, 7, NOW));
	CHECK(bucket_has_room(&b, six, 6, NOW));
}

TEST(bucket_heat_is_how_full_it_is)
{
	struct bucket b = { 0, 0 };

	CHECK_NUMBER(bucket_heat(&b, six, NOW), 0);
	bucket_charge(&b, six, 3, NOW);
	CHECK_NUMBER(bucket_heat(&b, six, NOW), 128);
	bucket_charge(&b, six, 100, NOW);
	CHECK_NUMBER(bucket_heat(&b, six, NOW), 512);
}

/* A smaller limit after a reload: what was used before is still used. */
TEST(bucket_of_a_limit_that_shrank)
{
	struct bucket b = { 0, 0 };
	struct rate two = { 2, MINUTE };

	CHECK_NUMBER(admit(&b, 6, NOW), 6);
	CHECK(!bucket_has_room(&b, two, 1, NOW));
	CHECK(!bucket_has_room(&b, two, 1, NOW + MINUTE));
	CHECK(bucket_has_room(&b, two, 2, NOW + 3 * MINUTE));
}
