#include "lib/policy/limits.h"

#include "lib/base/number.h"
#include "lib/base/test.h"

#define NOW 1764000000000

static struct meter sources[4 * METERS_WAYS], names[4 * METERS_WAYS];
static struct familiar_pair pairs[4 * FAMILIAR_WAYS];
static uint32_t peaks[LIMIT_UNITS];

/* Every limit is 1,000, but those that are given. */
static struct limits
limits_with(enum limit_number n, uint64_t most)
{
	struct limits l = { .sources = { sources, 4, { { 1 } } },
		.names = { names, 4, { { 2 } } },
		.familiar = { pairs, 4, { { 3 } } },
		.peaks = peaks };
	uint64_t all[LIMITS];

	memset(sources, 0, sizeof sources);
	memset(names, 0, sizeof names);
	memset(pairs, 0, sizeof pairs);
	memset(peaks, 0, sizeof peaks);
	for (int i = 0; i < LIMITS; i++)
		all[i] = 1000;
	all[n] = most;
	limits_set(&l, all);
	return l;
}

static struct limit_subject
four(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct limit_subject){ .has_peer = true,
		.peer = { [10] = 0xff, 0xff, a, b, c, d } };
}

static struct limit_subject
six(uint8_t third, uint8_t subnet, uint8_t host)
{
	return (struct limit_subject){ .has_peer = true,
		.peer = { 0x20, 0x01, 0x0d, 0xb8, 0, third, 0,
			subnet, [15] = host } };
}

/* How many of `tries` are admitted. */
static unsigned
admit(struct limits *l, const struct limit_subject *who, enum limit_unit u,
	unsigned tries)
{
	struct limit_amounts a = { { [UNIT_CONNECTIONS] = 0 } };
	struct limit_hit hit;
	unsigned n = 0;

	a.of[u] = 1;
	for (unsigned i = 0; i < tries; i++)
		n += limits_admit(l, who, &a, NOW, &hit) == OK;
	return n;
}

TEST(limits_of_an_address_are_its_own)
{
	struct limits l = limits_with(LIMIT_ADDRESS_CONNECTIONS, 5);
	struct limit_subject a = four(192, 0, 2, 1), b = four(192, 0, 2, 2);

	CHECK_NUMBER(admit(&l, &a, UNIT_CONNECTIONS, 8), 5);
	CHECK_NUMBER(admit(&l, &b, UNIT_CONNECTIONS, 8), 5);
	CHECK_NUMBER(admit(&l, &a, UNIT_MESSAGES, 8), 8);
}

TEST(limits_of_a_net_are_shared)
{
	struct limits l = limits_with(LIMIT_NET_CONNECTIONS, 5);
	struct limit_subject a = four(192, 0, 2, 1), b = four(192, 0, 2, 200),
			     c = four(192, 0, 3, 1);

	CHECK_NUMBER(admit(&l, &a, UNIT_CONNECTIONS, 3), 3);
	CHECK_NUMBER(admit(&l, &b, UNIT_CONNECTIONS, 8), 2);
	CHECK_NUMBER(admit(&l, &c, UNIT_CONNECTIONS, 8), 5);
}

/* RAT-12: an IPv6 host has 2^64 addresses. */
TEST(limits_take_a_64_for_one_address)
{
	struct limits l = limits_with(LIMIT_ADDRESS_CONNECTIONS, 5);
	unsigned n = 0;

	for (unsigned host = 0; host < 64; host++) {
		struct limit_subject a = six(1, 1, (uint8_t)host);

		n += admit(&l, &a, UNIT_CONNECTIONS, 1);
	}
	CHECK_NUMBER(n, 5);
	struct limit_subject other = six(1, 2, 1);

	CHECK_NUMBER(admit(&l, &other, UNIT_CONNECTIONS, 8), 5);
}

TEST(limits_take_a_48_for_one_net)
{
	struct limits l = limits_with(LIMIT_NET_CONNECTIONS, 5);
	unsigned n = 0;

	for (unsigned subnet = 0; subnet < 64; subnet++) {
		struct limit_subject a = six(1, (uint8_t)subnet, 1);

		n += admit(&l, &a, UNIT_CONNECTIONS, 1);
	}
	CHECK_NUMBER(n, 5);
	struct limit_subject other = six(2, 1, 1);

	CHECK_NUMBER(admit(&l, &other, UNIT_CONNECTIONS, 8), 5);
}

/* Who is refused by one counter is charged to none. */
TEST(limits_charge_all_or_none)
{
	struct limits l = limits_with(LIMIT_NET_CONNECTIONS, 3);
	struct limit_subject a = four(192, 0, 2, 1);
	struct meter *m;

	CHECK_NUMBER(admit(&l, &a, UNIT_CONNECTIONS, 50), 3);
	m = limits_find(&l, &a, DIM_ADDRESS);
	CHECK(m != NULL);
	CHECK_NUMBER(m->buckets[UNIT_CONNECTIONS].used, 3);
}

static const struct {
	const char *what;
	enum limit_number limit;
	enum limit_unit unit;
	const struct fault *fault;
} codes[] = {
	{ "too many connections", LIMIT_ADDRESS_CONNECTIONS, UNIT_CONNECTIONS,
		&fault_limit_connections },
	{ "too many messages", LIMIT_ADDRESS_MESSAGES, UNIT_MESSAGES,
		&fault_limit_messages },
	{ "too many recipients", LIMIT_NET_RECIPIENTS, UNIT_RECIPIENTS,
		&fault_limit_recipients },
	{ "too many octets", LIMIT_SITE_OCTETS, UNIT_OCTETS,
		&fault_limit_octets },
	{ "a harvester", LIMIT_ADDRESS_UNKNOWN, UNIT_UNKNOWN,
		&fault_limit_unknowns },
	{ "a nuisance", LIMIT_NET_ERRORS, UNIT_ERRORS, &fault_limit_errors },
};

TEST(limits_answer_with_the_code_of_the_unit)
{
	EACH_CASE(c, codes)
	{
		struct limits l = limits_with(c->limit, 1);
		struct limit_subject a = four(192, 0, 2, 1);
		struct limit_amounts one = { { [UNIT_CONNECTIONS] = 0 } };
		struct limit_hit hit;

		one.of[c->unit] = 1;
		CHECK_OK(limits_admit(&l, &a, &one, NOW, &hit));
		CHECK_FAULT(limits_admit(&l, &a, &one, NOW, &hit), c->fault);
		CHECK_NUMBER(hit.unit, c->unit);
		CHECK_NUMBER(hit.dim, limit_row(c->limit)->dim);
	}
}

/* A harvester that hangs up and calls again is not let in. */
TEST(limits_close_the_door_to_a_harvester)
{
	struct limits l = limits_with(LIMIT_ADDRESS_UNKNOWN, 10);
	struct limit_subject a = four(192, 0, 2, 1), b = four(192, 0, 2, 2);

	CHECK_NUMBER(admit(&l, &a, UNIT_UNKNOWN, 60), 10);
	CHECK_NUMBER(admit(&l, &a, UNIT_CONNECTIONS, 1), 0);
	CHECK_NUMBER(admit(&l, &b, UNIT_CONNECTIONS, 1), 1);
}

TEST(limits_of_accounts_and_domains)
{
	struct limits l = limits_with(LIMIT_ACCOUNT_MESSAGES, 2);
	struct limit_subject alice = { .account = 1 }, bob = { .account = 2 };

	CHECK_NUMBER(admit(&l, &alice, UNIT_MESSAGES, 5), 2);
	CHECK_NUMBER(admit(&l, &bob, UNIT_MESSAGES, 5), 2);
	l = limits_with(LIMIT_DOMAIN_MESSAGES, 3);
	alice.domain = SPAN("agency.example");
	bob.domain = SPAN("AGENCY.example");
	CHECK_NUMBER(admit(&l, &alice, UNIT_MESSAGES, 2), 2);
	CHECK_NUMBER(admit(&l, &bob, UNIT_MESSAGES, 5), 1);
}

/* A listed host has a name, whichever of its addresses it uses. */
TEST(limits_of_a_listed_host)
{
	struct limits l = limits_with(LIMIT_RELAY_MESSAGES, 3);
	struct limit_subject a = four(192, 0, 2, 1), b = four(192, 0, 2, 2),
			     c = four(192, 0, 2, 3);

	a.relay = b.relay = SPAN("scanner");
	c.relay = SPAN("payroll");
	CHECK_NUMBER(admit(&l, &a, UNIT_MESSAGES, 2), 2);
	CHECK_NUMBER(admit(&l, &b, UNIT_MESSAGES, 2), 1);
	CHECK_NUMBER(admit(&l, &c, UNIT_MESSAGES, 2), 2);
}

/* The budget of a day: an account that goes beyond it waits for a person. */
TEST(limits_hold_an_account_until_released)
{
	struct limits l = limits_with(LIMIT_ACCOUNT_DAY, 4);
	struct limit_subject alice = { .account = 1 };
	struct limit_amounts one = { { [UNIT_MESSAGES] = 1 } };
	struct limit_hit hit;

	CHECK_NUMBER(admit(&l, &alice, UNIT_DAY, 4), 4);
	CHECK_OK(limits_admit(&l, &alice, &one, NOW, &hit));
	CHECK_NUMBER(admit(&l, &alice, UNIT_DAY, 1), 0);
	CHECK_FAULT(limits_admit(&l, &alice, &one, NOW + 9 * 86400000LL, &hit),
		&fault_limit_hold);
	CHECK(hit.meter == NULL);
	CHECK(limits_release(&l, 1));
	CHECK(!limits_release(&l, 1));
	CHECK(!limits_release(&l, 2));
	CHECK_OK(limits_admit(&l, &alice, &one, NOW, &hit));
}

static const struct {
	const char *what;
	uint32_t account;
	const char *rcpt;
	bool admitted;
} letters[] = {
	{ "the first", 1, "x@there.example", true },
	{ "the second", 1, "y@there.example", true },
	{ "known: costs nothing", 1, "x@there.example", true },
	{ "known in other letters", 1, "Y@There.Example", true },
	{ "somebody else's third", 2, "z@there.example", true },
	{ "the third is one too many", 1, "z@there.example", false },
	{ "held: not even to those who are known", 1, "x@there.example",
		false },
};

TEST(limits_know_whom_an_account_wrote_to)
{
	struct limits l = limits_with(LIMIT_ACCOUNT_FIRST, 2);
	struct limit_amounts one = { { [UNIT_RECIPIENTS] = 1 } };
	struct limit_hit hit;

	EACH_CASE(c, letters)
	{
		struct limit_subject who = { .account = c->account,
			.rcpt = span_of(c->rcpt) };

		CHECK_NUMBER(limits_admit(&l, &who, &one, NOW, &hit) == OK,
			c->admitted);
	}
}

/* Who is refused for another reason does not get to know anybody. */
TEST(limits_know_nobody_who_was_refused)
{
	struct limits l = limits_with(LIMIT_ACCOUNT_RECIPIENTS, 1);
	struct limit_amounts one = { { [UNIT_RECIPIENTS] = 1 } };
	struct limit_subject who = { .account = 1,
		.rcpt = SPAN("x@there.example") };
	struct limit_hit hit;

	CHECK_OK(limits_admit(&l, &who, &one, NOW, &hit));
	who.rcpt = SPAN("y@there.example");
	CHECK_FAULT(limits_admit(&l, &who, &one, NOW, &hit),
		&fault_limit_recipients);
	CHECK(!familiar_knows(&l.familiar, 1, SPAN("y@there.example")));
	CHECK(familiar_knows(&l.familiar, 1, SPAN("X@there.example")));
}

TEST(limits_of_a_destination_are_shared_by_all)
{
	struct limits l = limits_with(LIMIT_DESTINATION_RECIPIENTS, 3);
	struct limit_amounts one = { { [UNIT_RECIPIENTS] = 1 } };
	struct limit_hit hit;
	unsigned n = 0;

	for (uint32_t account = 1; account < 9; account++) {
		struct limit_subject who = { .account = account,
			.rcpt = SPAN("x@there.example") };

		n += limits_admit(&l, &who, &one, NOW, &hit) == OK;
	}
	CHECK_NUMBER(n, 3);
}

/* 100,000 new addresses do not free the one that is refused. */
TEST(limits_survive_a_flood_of_new_sources)
{
	struct limits l = limits_with(LIMIT_ADDRESS_CONNECTIONS, 5);
	struct limit_subject bad = four(192, 0, 2, 1);

	CHECK_NUMBER(admit(&l, &bad, UNIT_CONNECTIONS, 6), 5);
	for (unsigned i = 0; i < 100000; i++) {
		struct limit_subject a = four(
			10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i);

		(void)admit(&l, &a, UNIT_CONNECTIONS, 1);
	}
	CHECK_NUMBER(admit(&l, &bad, UNIT_CONNECTIONS, 1), 0);
}

/* A crowd that takes half of the site leaves the other half. */
TEST(limits_leave_half_of_the_site_to_the_modest)
{
	struct limits l = limits_with(LIMIT_SITE_CONNECTIONS, 400);
	unsigned n = 0;
	struct limit_subject modest = four(203, 0, 113, 9);

	l.rates.at[DIM_ADDRESS][UNIT_CONNECTIONS].most = 60;
	for (unsigned i = 0; i < 16; i++) {
		struct limit_subject a = four(10, 0, (uint8_t)i, 1);

		n += admit(&l, &a, UNIT_CONNECTIONS, 60);
	}
	CHECK(n >= 200 && n < 400);
	CHECK_NUMBER(admit(&l, &modest, UNIT_CONNECTIONS, 10), 10);
}

/* Nobody can have the mail of one domain refused by sending it much. */
TEST(limits_leave_half_of_a_domain_to_the_modest)
{
	struct limits l = limits_with(LIMIT_DOMAIN_MESSAGES, 200);
	struct limit_subject modest = four(203, 0, 113, 9);
	unsigned n = 0;

	l.rates.at[DIM_ADDRESS][UNIT_MESSAGES].most = 60;
	modest.domain = SPAN("agency.example");
	for (unsigned i = 0; i < 6; i++) {
		struct limit_subject a = four(10, 0, (uint8_t)i, 1);

		a.domain = SPAN("agency.example");
		n += admit(&l, &a, UNIT_MESSAGES, 60);
	}
	CHECK(n >= 100 && n <= 175);
	CHECK_NUMBER(admit(&l, &modest, UNIT_MESSAGES, 10), 10);
}

/* What happened already is charged beyond the limit. */
TEST(limits_note_what_happened)
{
	struct limits l = limits_with(LIMIT_ADDRESS_ERRORS, 5);
	struct limit_subject a = four(192, 0, 2, 1);
	struct limit_amounts many = { { [UNIT_ERRORS] = 50 } };

	limits_note(&l, &a, &many, NOW);
	CHECK_NUMBER(admit(&l, &a, UNIT_CONNECTIONS, 1), 0);
}

/* How near the site came to its limits, whatever drained since. */
TEST(limits_keep_the_peak)
{
	struct limits l = limits_with(LIMIT_SITE_MESSAGES, 200);
	struct limit_subject a = four(192, 0, 2, 1);
	struct limit_amounts one = { { [UNIT_MESSAGES] = 1 } };
	struct limit_hit hit;

	CHECK_NUMBER(admit(&l, &a, UNIT_MESSAGES, 50), 50);
	CHECK_NUMBER(peaks[UNIT_MESSAGES], 64);
	CHECK_OK(limits_admit(&l, &a, &one, NOW + 7200000, &hit));
	CHECK_NUMBER(peaks[UNIT_MESSAGES], 64);
	CHECK_NUMBER(peaks[UNIT_OCTETS], 0);
}

/* The arithmetic of a bucket has 63 bits. */
TEST(limits_at_their_most_do_not_wrap)
{
	static const uint64_t ranges[LIMITS] = {
#define LIMIT(dim, unit, kind, name, initial, least, most, window, help) \
	[LIMIT_##dim##_##unit] = most,
#include "lib/policy/limits.def"
#undef LIMIT
	};

	for (int i = 0; i < LIMITS; i++) {
		uint64_t window =
			(uint64_t)limit_row((enum limit_number)i)->window_s *
			1000;
		uint64_t product;

		CHECK(ck_mul(ranges[i], 2 * window, &product) &&
			product <= INT64_MAX);
	}
}

TEST(limits_have_names_of_their_own)
{
	for (int i = 0; i < LIMITS; i++)
		for (int k = 0; k < i; k++)
			CHECK(strcmp(limit_row((enum limit_number)i)->name,
				limit_row((enum limit_number)k)->name));
}
