#include "sys/body.h"

#include "lib/base/number.h"
#include "lib/base/test.h"

static uint8_t room[KiB(256)];

static struct span
content(const struct body *b)
{
	size_t len;

	CHECK_OK(body_head(b, room, sizeof room, &len));
	return span_at(room, len);
}

static const struct {
	const char *what;
	uint64_t at;
	const char *after;
} cases[] = {
	{ "in front", 0, "--abcdef" },
	{ "in the middle", 2, "ab--cdef" },
	{ "at the end", 6, "abcdef--" },
};

TEST(octets_are_inserted_anywhere)
{
	EACH_CASE(c, cases) {
		struct body b;

		CHECK_OK(body_open(&b));
		CHECK_OK(body_add(&b, SPAN("abcdef")));
		CHECK_OK(body_insert(&b, c->at, SPAN("--")));
		CHECK_NUMBER(b.size, 8);
		CHECK_OK(body_seal(&b));
		CHECK_SPAN(content(&b), c->after);
		body_close(&b);
	}
}

TEST(a_large_body_is_moved_in_pieces)
{
	struct body b;
	struct span all;

	test_row = "200,000 octets";
	CHECK_OK(body_open(&b));
	for (int i = 0; i < 50000; i++)
		CHECK_OK(body_add(&b, span_at(&i, 4)));
	CHECK_OK(body_insert(&b, 4, SPAN("inserted")));
	all = content(&b);
	CHECK_NUMBER(all.len, 200008);
	for (int i = 0; i < 50000; i++)
		CHECK(memcmp(all.at + 4 * i + (i > 0 ? 8 : 0), &i, 4) == 0);
	body_close(&b);
}
