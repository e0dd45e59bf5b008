#include "sys/pool.h"

#include "lib/base/test.h"

TEST(a_pool_has_so_many_objects_and_not_one_more)
{
	struct pool *p;
	uint32_t slot[3], more;

	CHECK_OK(pool_open(100, 3, &p));
	for (int i = 0; i < 3; i++)
		CHECK(pool_take(p, &slot[i]) != NULL);
	CHECK(slot[0] != slot[1] && slot[1] != slot[2] && slot[0] != slot[2]);
	CHECK(pool_take(p, &more) == NULL);
	CHECK_NUMBER(pool_used(p), 3);
	pool_give(p, slot[1]);
	CHECK(pool_at(p, slot[1]) == NULL);
	CHECK(pool_at(p, slot[0]) != NULL);
	CHECK(pool_take(p, &more) != NULL);
	CHECK_NUMBER(more, slot[1]);
}

TEST(a_given_object_is_wiped)
{
	struct pool *p;
	uint32_t slot;
	uint8_t *at;

	CHECK_OK(pool_open(64, 1, &p));
	at = pool_take(p, &slot);
	memset(at, 0xa5, 64);
	pool_give(p, slot);
	at = pool_take(p, &slot);
	for (int i = 0; i < 64; i++)
		CHECK_NUMBER(at[i], 0);
}

TEST(a_slot_that_does_not_exist_has_no_object)
{
	struct pool *p;

	CHECK_OK(pool_open(64, 2, &p));
	CHECK(pool_at(p, 0) == NULL);
	CHECK(pool_at(p, 2) == NULL);
	CHECK(pool_at(p, UINT32_MAX) == NULL);
}
