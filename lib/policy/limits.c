#include "lib/policy/limits.h"

#include "lib/base/buf.h"
#include "lib/base/must.h"
#include "lib/base/number.h"

#define HALF 128 /* of bucket_heat */

_Static_assert(LIMIT_UNITS <= METERS_UNITS, "a bucket for each unit");
_Static_assert(LIMIT_DIMS <= METERS_DIMS, "a row of rates for each dimension");

static const struct limit_row rows[LIMITS] = {
#define LIMIT(dim, unit, kind, name, initial, least, most, window, help)       \
	[LIMIT_##dim##_##unit] = { DIM_##dim, UNIT_##unit, name, window },
#include "lib/policy/limits.def"
#undef LIMIT
};

static const char *const dim_names[LIMIT_DIMS] = {
	[DIM_NONE] = "none",
	[DIM_ADDRESS] = "address",
	[DIM_NET] = "net",
	[DIM_ACCOUNT] = "account",
	[DIM_RELAY] = "relay",
	[DIM_DOMAIN] = "domain",
	[DIM_DESTINATION] = "destination",
	[DIM_SITE] = "site",
};

/* clang-format off */
static const struct {
	const char *name;
	const struct fault *fault;
} units[LIMIT_UNITS] = {
	[UNIT_CONNECTIONS] = { "connections", &fault_limit_connections },
	[UNIT_MESSAGES]    = { "messages",    &fault_limit_messages },
	[UNIT_RECIPIENTS]  = { "recipients",  &fault_limit_recipients },
	[UNIT_OCTETS]      = { "octets",      &fault_limit_octets },
	[UNIT_UNKNOWN]     = { "unknown",     &fault_limit_unknowns },
	[UNIT_ERRORS]      = { "errors",      &fault_limit_errors },
	[UNIT_DAY]         = { "day",         &fault_limit_hold },
	[UNIT_FIRST]       = { "first",       &fault_limit_hold },
};
/* clang-format on */

/* What a source has done wrong closes the door to it. */
static const enum limit_unit doors[] = { UNIT_UNKNOWN, UNIT_ERRORS };

/* What belongs to many. */
static const enum limit_dim shared[] = { DIM_DOMAIN, DIM_DESTINATION,
	DIM_SITE };

const struct limit_row *
limit_row(enum limit_number n)
{
	MUST(n < LIMITS);
	return &rows[n];
}

const char *
limit_dim_name(enum limit_dim d)
{
	return dim_names[d < LIMIT_DIMS ? d : DIM_NONE];
}

const char *
limit_unit_name(enum limit_unit u)
{
	MUST(u < LIMIT_UNITS);
	return units[u].name;
}

void
limits_set(struct limits *l, const uint64_t most[LIMITS])
{
	for (int i = 0; i < LIMITS; i++)
		l->rates.at[rows[i].dim][rows[i].unit] =
			(struct rate){ most[i], rows[i].window_s * 1000 };
}

/* --- whose counter ------------------------------------------------------- */

static uint64_t
hash_name(const struct limits *l, enum limit_dim dim, struct span name)
{
	uint8_t lower[256];
	size_t len = name.len < sizeof lower - 1 ? name.len : sizeof lower - 1;

	lower[0] = (uint8_t)dim;
	for (size_t i = 0; i < len; i++)
		lower[1 + i] = octet_lower(name.at[i]);
	return siphash(&l->names.key, span_at(lower, len + 1));
}

static void
key_of_peer(const uint8_t peer[16], enum limit_dim dim, uint64_t key[2])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool four = memcmp(peer, mapped, sizeof mapped) == 0;
	size_t kept = dim == DIM_ADDRESS ? (four ? 16 : 8) : (four ? 15 : 6);

	key[0] = key[1] = 0;
	memcpy(key, peer, kept);
}

static struct span
domain_of(struct span mailbox)
{
	while (mailbox.len > 0 && span_shift(&mailbox) != '@')
		;
	return mailbox;
}

/* False when the subject has none of this dimension. */
static bool
key_of(const struct limits *l, const struct limit_subject *who,
	enum limit_dim dim, uint64_t key[2])
{
	key[0] = key[1] = 0;
	switch (dim) {
	case DIM_ADDRESS:
	case DIM_NET:
		key_of_peer(who->peer, dim, key);
		return who->has_peer;
	case DIM_ACCOUNT:
		key[0] = who->account;
		return who->account > 0;
	case DIM_RELAY:
		key[0] = hash_name(l, dim, who->relay);
		return who->relay.len > 0;
	case DIM_DOMAIN:
		key[0] = hash_name(l, dim, who->domain);
		return who->domain.len > 0;
	case DIM_DESTINATION:
		key[0] = hash_name(l, dim, domain_of(who->rcpt));
		return who->rcpt.len > 0;
	case DIM_SITE:
		return true;
	default:
		return false;
	}
}

static struct meters *
table_of(struct limits *l, enum limit_dim dim)
{
	return dim == DIM_ADDRESS || dim == DIM_NET ? &l->sources : &l->names;
}

struct meter *
limits_find(
	struct limits *l, const struct limit_subject *who, enum limit_dim dim)
{
	uint64_t key[2];

	if (!key_of(l, who, dim, key))
		return NULL;
	return meters_find(table_of(l, dim), dim, key);
}

static struct meter *
take(struct limits *l, const struct limit_subject *who, enum limit_dim dim,
	int64_t now_ms)
{
	uint64_t key[2];

	if (!key_of(l, who, dim, key))
		return NULL;
	return meters_take(table_of(l, dim), &l->rates, dim, key, now_ms);
}

/* --- the decision -------------------------------------------------------- */

static const struct fault *
refuse(struct limits *l, struct meter *m, enum limit_unit unit,
	struct limit_hit *hit)
{
	*hit = (struct limit_hit){ m->dim, unit, m, l->rates.at[m->dim][unit] };
	m->refused++;
	if (unit == UNIT_DAY || unit == UNIT_FIRST)
		m->held = 1;
	return units[unit].fault;
}

static const struct fault *
check_doors(struct limits *l, struct meter *m, int64_t now_ms,
	struct limit_hit *hit)
{
	for (size_t i = 0; i < COUNT_OF(doors); i++) {
		struct rate r = l->rates.at[m->dim][doors[i]];

		if (r.most > 0 &&
			!bucket_has_room(&m->buckets[doors[i]], r, 1, now_ms))
			return refuse(l, m, doors[i], hit);
	}
	return OK;
}

static const struct fault *
check_meter(struct limits *l, struct meter *m, const struct limit_amounts *a,
	int64_t now_ms, struct limit_hit *hit)
{
	if (m->held) {
		*hit = (struct limit_hit){ .dim = m->dim };
		m->refused++;
		return &fault_limit_hold;
	}
	if (a->of[UNIT_CONNECTIONS] > 0)
		TRY(check_doors(l, m, now_ms, hit));
	for (enum limit_unit u = 0; u < LIMIT_UNITS; u++) {
		struct rate r = l->rates.at[m->dim][u];

		if (a->of[u] > 0 && r.most > 0 &&
			!bucket_has_room(&m->buckets[u], r, a->of[u], now_ms))
			return refuse(l, m, u, hit);
	}
	return OK;
}

/* Half of what many share is for those who used less than a quarter of their
 * own: a crowd of greedy sources leaves room for the others. */
static const struct fault *
check_share(struct limits *l, struct meter *whose, struct meter *own,
	const struct limit_amounts *a, int64_t now_ms, struct limit_hit *hit)
{
	for (enum limit_unit u = 0; whose && own && u < LIMIT_UNITS; u++) {
		struct rate whole = l->rates.at[whose->dim][u];
		struct rate part = l->rates.at[own->dim][u];

		if (a->of[u] > 0 && whole.most > 0 && part.most > 0 &&
			bucket_heat(&whose->buckets[u], whole, now_ms) >=
				HALF &&
			bucket_heat(&own->buckets[u], part, now_ms) >= HALF / 2)
			return refuse(l, whose, u, hit);
	}
	return OK;
}

static void
charge(struct limits *l, struct meter *m, const struct limit_amounts *a,
	int64_t now_ms)
{
	for (enum limit_unit u = 0; u < LIMIT_UNITS; u++) {
		struct rate r = l->rates.at[m->dim][u];

		if (a->of[u] > 0 && r.most > 0)
			bucket_charge(&m->buckets[u], r, a->of[u], now_ms);
	}
}

/* A recipient elsewhere that the account never wrote to costs its budget. */
static struct limit_amounts
with_first(const struct limits *l, const struct limit_subject *who,
	const struct limit_amounts *a)
{
	struct limit_amounts all = *a;

	all.of[UNIT_FIRST] = who->account > 0 && who->rcpt.len > 0 &&
		!familiar_knows(&l->familiar, who->account, who->rcpt);
	return all;
}

static void
keep_peaks(struct limits *l, struct meter *site, int64_t now_ms)
{
	for (enum limit_unit u = 0; u < LIMIT_UNITS; u++) {
		struct rate r = l->rates.at[DIM_SITE][u];
		uint32_t heat = r.most > 0
			? bucket_heat(&site->buckets[u], r, now_ms)
			: 0;

		if (heat > l->peaks[u])
			l->peaks[u] = heat;
	}
}

FALLIBLE
limits_admit(struct limits *l, const struct limit_subject *who,
	const struct limit_amounts *a, int64_t now_ms, struct limit_hit *hit)
{
	struct meter *at[LIMIT_DIMS] = { NULL };
	struct limit_amounts all = with_first(l, who, a);
	struct meter *own;

	for (enum limit_dim d = DIM_NONE + 1; d < LIMIT_DIMS; d++) {
		at[d] = take(l, who, d, now_ms);
		if (at[d])
			TRY(check_meter(l, at[d], &all, now_ms, hit));
	}
	own = at[DIM_ACCOUNT]   ? at[DIM_ACCOUNT]
		: at[DIM_RELAY] ? at[DIM_RELAY]
				: at[DIM_ADDRESS];
	for (size_t i = 0; i < COUNT_OF(shared); i++)
		TRY(check_share(l, at[shared[i]], own, &all, now_ms, hit));
	for (enum limit_dim d = DIM_NONE + 1; d < LIMIT_DIMS; d++)
		if (at[d] && at[d]->dim == d) /* not pushed out by the next */
			charge(l, at[d], &all, now_ms);
	if (at[DIM_SITE])
		keep_peaks(l, at[DIM_SITE], now_ms);
	if (all.of[UNIT_FIRST] > 0)
		familiar_meet(&l->familiar, who->account, who->rcpt, now_ms);
	return OK;
}

void
limits_note(struct limits *l, const struct limit_subject *who,
	const struct limit_amounts *a, int64_t now_ms)
{
	for (enum limit_dim d = DIM_NONE + 1; d < LIMIT_DIMS; d++) {
		struct meter *m = take(l, who, d, now_ms);

		if (m)
			charge(l, m, a, now_ms);
	}
}

bool
limits_release(struct limits *l, uint32_t account)
{
	struct limit_subject who = { .account = account };
	struct meter *m = limits_find(l, &who, DIM_ACCOUNT);

	if (!m || !m->held)
		return false;
	m->held = 0;
	memset(m->buckets, 0, sizeof m->buckets);
	return true;
}
