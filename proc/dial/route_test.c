#include "proc/dial/route.h"

#include "lib/base/codec.h"
#include "lib/base/test.h"

static const struct {
	const char *what;
	struct span records[8];
	enum route_kind kind;
	const char *hosts; /* in order, each before a space */
} routes[] = {
	{ "no record", { SPAN_NONE }, ROUTE_IMPLICIT, "" },
	{ "one host", { SPAN("\0\x0a\1a\4test\0") }, ROUTE_HOSTS, "a.test " },
	{ "by preference",
		{ SPAN("\0\x14\1b\4test\0"), SPAN("\0\x0a\1a\4test\0"),
			SPAN("\1\0\1c\4test\0") },
		ROUTE_HOSTS, "a.test b.test c.test " },
	{ "the best five of six",
		{ SPAN("\0\6\1f\4test\0"), SPAN("\0\5\1e\4test\0"),
			SPAN("\0\4\1d\4test\0"), SPAN("\0\3\1c\4test\0"),
			SPAN("\0\2\1b\4test\0"), SPAN("\0\1\1a\4test\0") },
		ROUTE_HOSTS, "a.test b.test c.test d.test e.test " },
	{ "null MX", { SPAN("\0\0\0") }, ROUTE_NULL, "" },
	{ "the root beside a host is no null MX",
		{ SPAN("\0\0\0"), SPAN("\0\x0a\1a\4test\0") },
		ROUTE_HOSTS, "a.test " },
	{ "we are not alone: only what is better",
		{ SPAN("\0\x14\2me\4test\0"), SPAN("\0\x0a\1a\4test\0"),
			SPAN("\0\x1e\1c\4test\0") },
		ROUTE_HOSTS, "a.test " },
	{ "of equal preference is no better",
		{ SPAN("\0\x0a\1a\4test\0"), SPAN("\0\x0a\2ME\4tesT\0") },
		ROUTE_LOOP, "" },
	{ "we are the best",
		{ SPAN("\0\x14\1b\4test\0"), SPAN("\0\x0a\2me\4test\0") },
		ROUTE_LOOP, "" },
	{ "we twice: the better counts",
		{ SPAN("\0\x0a\2me\4test\0"), SPAN("\0\x1e\2me\4test\0"),
			SPAN("\0\x14\1b\4test\0") },
		ROUTE_LOOP, "" },
	{ "no preference", { SPAN("\0") }, ROUTE_UNUSABLE, "" },
	{ "nothing at all", { SPAN("") }, ROUTE_UNUSABLE, "" },
	{ "no name", { SPAN("\0\x0a") }, ROUTE_UNUSABLE, "" },
	{ "a name without end", { SPAN("\0\x0a\1a") }, ROUTE_UNUSABLE, "" },
	{ "a label beyond the record", { SPAN("\0\x0a\5a\0") }, ROUTE_UNUSABLE,
		"" },
	{ "a pointer instead of a label", { SPAN("\0\x0a\xc0\x0c") },
		ROUTE_UNUSABLE, "" },
	{ "octets behind the name", { SPAN("\0\x0a\1a\0x") }, ROUTE_UNUSABLE,
		"" },
	{ "a dot inside a label", { SPAN("\0\x0a\3a.b\4test\0") },
		ROUTE_UNUSABLE, "" },
	{ "NUL inside a label", { SPAN("\0\x0a\3a\0b\4test\0") },
		ROUTE_UNUSABLE, "" },
	{ "8-bit octets in a label", { SPAN("\0\x0a\1\xff\4test\0") },
		ROUTE_UNUSABLE, "" },
	{ "a blank in a label", { SPAN("\0\x0a\3a b\4test\0") }, ROUTE_UNUSABLE,
		"" },
	{ "a broken one beside a good one",
		{ SPAN("\0\5\x80"), SPAN("\0\x0a\1a\4test\0") }, ROUTE_HOSTS,
		"a.test " },
};

/* Valid until the next call. */
static const struct dns_answer *
answer_of(const struct span *records, size_t max)
{
	static struct dns_answer m;
	struct buf data = BUF(m.data);

	for (size_t i = 0; i < max && span_is_set(records[i]); i++)
		CHECK(put_block(&data, records[i]));
	m.data_len = (uint16_t)data.len;
	return &m;
}

static struct span
names_of(const struct route *r, struct buf *b)
{
	for (size_t i = 0; i < r->count; i++)
		CHECK(buf_put(b, host_name(&r->hosts[i])) && buf_push(b, ' '));
	return buf_view(b);
}

TEST(route_read_finds_the_hosts_of_a_domain)
{
	EACH_CASE(c, routes) {
		const struct dns_answer *m = answer_of(c->records, 8);
		struct route r = { 0 };
		uint8_t room[256];
		struct buf b = BUF(room);

		CHECK_NUMBER(route_read(m, 7, SPAN("me.test"), &r), c->kind);
		CHECK_SPAN(names_of(&r, &b), c->hosts);
	}
}

/* Three hosts of one preference: each order in a sixth of the draws. */
TEST(route_read_spreads_the_load)
{
	static const struct span records[] = { SPAN("\0\1\1a\0"),
		SPAN("\0\1\1b\0"), SPAN("\0\1\1c\0"), SPAN_NONE };
	const struct dns_answer *m = answer_of(records, 4);
	unsigned first[3] = { 0 }, last[3] = { 0 };

	test_row = "6000 draws";
	for (uint64_t chance = 0; chance < 6000; chance++) {
		struct route r = { 0 };

		/* as unlike each other as random numbers are */
		CHECK_NUMBER(route_read(m, chance * 0x9e3779b97f4a7c15u,
				     SPAN("me.test"), &r),
			ROUTE_HOSTS);
		first[r.hosts[0].name[0] - 'a']++;
		last[r.hosts[2].name[0] - 'a']++;
	}
	for (size_t i = 0; i < 3; i++) {
		CHECK(first[i] > 1800 && first[i] < 2200);
		CHECK(last[i] > 1800 && last[i] < 2200);
	}
}

#define FOUR(n)    SPAN("\x08\x08\x08" n)
#define SIXTEEN(n) SPAN("\x26\6\0\0\0\0\0\0\0\0\0\0\0\0\0" n)

static const struct {
	const char *what;
	struct span six[8], four[8];
	const char *last; /* octet of each address, in order */
} lists[] = {
	{ "none", { SPAN_NONE }, { SPAN_NONE }, "" },
	{ "IPv6 before IPv4", { SIXTEEN("a") }, { FOUR("1") }, "a1" },
	{ "only IPv4: four of five", { SPAN_NONE },
		{ FOUR("1"), FOUR("2"), FOUR("3"), FOUR("4"), FOUR("5") },
		"1234" },
	{ "much IPv6 leaves room for IPv4",
		{ SIXTEEN("a"), SIXTEEN("b"), SIXTEEN("c") },
		{ FOUR("1"), FOUR("2"), FOUR("3") }, "ab12" },
	{ "wrong lengths are left out",
		{ SPAN("\x26"), FOUR("9"), SPAN(""), SIXTEEN("a") },
		{ SIXTEEN("b"), SPAN("123"), FOUR("1") }, "a1" },
};

TEST(addresses_read_takes_some_of_each_kind)
{
	EACH_CASE(c, lists) {
		struct addresses a = { 0 };
		uint8_t room[ADDRESSES_MAX];
		struct buf last = BUF(room);

		addresses_read(&a, answer_of(c->six, 8), DNS_AAAA);
		addresses_read(&a, answer_of(c->four, 8), DNS_A);
		for (size_t i = 0; i < a.count; i++)
			CHECK(buf_push(&last, a.at[i][15]));
		CHECK_SPAN(buf_view(&last), c->last);
	}
}

static const struct {
	const char *what;
	struct span text;
	bool is;
} literals[] = {
	{ "IPv4", SPAN("127.0.0.1"), true },
	{ "IPv6", SPAN("::1"), true },
	{ "IPv6 with its tag", SPAN("IPv6:2001:db8::1"), true },
	{ "a name", SPAN("host.test"), false },
	{ "an octet too many", SPAN("1.2.3.4.5"), false },
	{ "a number of another base", SPAN("0x7f000001"), false },
	{ "a leading zero", SPAN("0177.0.0.1"), false },
};

TEST(addresses_literal_knows_an_address)
{
	EACH_CASE(c, literals) {
		struct addresses a = { 0 };

		CHECK_NUMBER(addresses_literal(&a, c->text), c->is);
		CHECK_NUMBER(a.count, c->is);
	}
}
