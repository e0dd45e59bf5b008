#include "lib/policy/capacity.h"

#include "lib/base/test.h"

static const struct capacity measured = { .values = {
						  [CAPACITY_MESSAGES] = 1000,
						  [CAPACITY_CONNECTIONS] = 500,
						  [CAPACITY_OCTETS] = 20000000,
						  [CAPACITY_P50_US] = 900,
						  [CAPACITY_P99_US] = 4000,
						  [CAPACITY_SYNCS] = 3000,
						  [CAPACITY_SESSIONS] = 20,
						  [CAPACITY_SIZE] = 10240 } };

static struct span
written(uint8_t *room, size_t size)
{
	struct buf b = { room, 0, size };
	uint8_t signature[CAPACITY_SIGNATURE];

	memset(signature, 0xa5, sizeof signature);
	CHECK(put_capacity(&b, &measured, SPAN("mail.agency.example"),
		(struct instant){ SECONDS(1795525200) }));
	CHECK(put_capacity_signature(&b, signature));
	return buf_view(&b);
}

TEST(capacity_is_read_as_it_was_written)
{
	uint8_t room[2048];
	struct span text = written(room, sizeof room);
	struct capacity c;

	CHECK_OK(capacity_parse(text, &c));
	CHECK(!memcmp(c.values, measured.values, sizeof c.values));
	CHECK_NUMBER(c.signature[63], 0xa5);
	CHECK_NUMBER(c.signed_len, span_find(text, SPAN("signature ")));
}

TEST(capacity_is_read_whole_or_not)
{
	uint8_t room[2048];
	struct span text = written(room, sizeof room);
	struct capacity c;

	for (size_t len = 0; len < text.len; len++)
		CHECK_FAULT(capacity_parse(span_at(text.at, len), &c),
			&fault_capacity_syntax);
}

static const struct {
	const char *what;
	enum limit_number limit;
	uint64_t most;
} limits[] = {
	{ "70 % of the messages of an hour", LIMIT_SITE_MESSAGES, 2520000 },
	{ "of one address, too", LIMIT_ADDRESS_MESSAGES, 2520000 },
	{ "70 % of the connections of a minute", LIMIT_SITE_CONNECTIONS,
		21000 },
	{ "70 % of the octets of an hour", LIMIT_SITE_OCTETS, 50400000000 },
	{ "70 % of the messages of a day", LIMIT_ACCOUNT_DAY, 60480000 },
	{ "nothing about mistakes", LIMIT_NET_ERRORS, UINT64_MAX },
};

TEST(capacity_gives_limits)
{
	EACH_CASE(c, limits)
	CHECK_NUMBER(capacity_limit(&measured, c->limit), c->most);
}
