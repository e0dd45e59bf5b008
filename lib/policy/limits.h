/* limits.h -- who may still do how much: the counters of sources, accounts and
 * domains, and the decision (NC-2.1.8).
 *
 * Every limit is a row of limits.def.  Something that happens is charged to
 * each of those it belongs to (its address, the network of that, its account
 * ...), or, when one of them has no room for it, to none.
 *
 * The counters have fixed places in storage of the caller and are found by a
 * keyed hash.  A flood of newcomers takes the places of who has done the least,
 * never that of somebody busy: whoever is limited stays limited (meters.h).
 *
 * When half of what many share is used up (the site, a domain, a destination),
 * whoever used a quarter of his own limit waits: the other half is for the
 * others.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"
#include "lib/policy/familiar.h"
#include "lib/policy/meters.h"

enum limit_dim {
	DIM_NONE,
	DIM_ADDRESS, /* an IPv4 address, an IPv6 /64 */
	DIM_NET,     /* an IPv4 /24, an IPv6 /48     */
	DIM_ACCOUNT,
	DIM_RELAY,       /* a listed host            */
	DIM_DOMAIN,      /* represented here             */
	DIM_DESTINATION, /* a domain elsewhere           */
	DIM_SITE,
	LIMIT_DIMS
};

enum limit_unit {
	UNIT_CONNECTIONS,
	UNIT_MESSAGES,
	UNIT_RECIPIENTS,
	UNIT_OCTETS,
	UNIT_UNKNOWN, /* recipients that nobody here is called */
	UNIT_ERRORS,  /* refused commands                      */
	UNIT_DAY,     /* messages, for the budget of an account */
	UNIT_FIRST,   /* recipients elsewhere, new to an account */
	LIMIT_UNITS
};

enum limit_number {
#define LIMIT(dim, unit, ...) LIMIT_##dim##_##unit,
#include "lib/policy/limits.def"
#undef LIMIT
	LIMITS
};

struct limit_row {
	enum limit_dim dim;
	enum limit_unit unit;
	const char *name; /* of the setting */
	int64_t window_s;
};

const struct limit_row *limit_row(enum limit_number n);
const char *limit_dim_name(enum limit_dim d);
const char *limit_unit_name(enum limit_unit u);

/* Whom something belongs to; what is zero or not set does not count. */
struct limit_subject {
	bool has_peer;
	uint8_t peer[16]; /* IPv6, or IPv4 mapped into it */
	uint32_t account;
	struct span relay;  /* name of a listed host           */
	struct span domain; /* represented here                */
	struct span rcpt;   /* elsewhere: its domain is the destination, and
			     * UNIT_FIRST is charged when it is new */
};

struct limit_amounts {
	uint64_t of[LIMIT_UNITS];
};

/* What refused. */
struct limit_hit {
	enum limit_dim dim;
	enum limit_unit unit;
	struct meter *meter;
	struct rate rate;
};

struct limits {
	struct rates rates;
	struct meters sources; /* strangers can flood them           */
	struct meters names;   /* accounts, domains, destinations, site */
	struct familiar familiar;
	uint32_t *peaks; /* by unit: how full the site's counter was at most,
			  * 256 is its limit; borrowed */
};

/* The limits in force from now on, in the order of limits.def. */
void limits_set(struct limits *l, const uint64_t most[LIMITS]);

/* Charge `a` to everybody in `who`, or to nobody.
 *
 * limit_connections, limit_messages, limit_recipients, limit_octets,
 * limit_unknowns, limit_errors
 *              *hit says which limit; a connection is refused for unknown
 *              recipients and errors of the past too
 * limit_hold   the account is held, or is held from now on because its budget
 *              of a day is used up; then hit->unit is UNIT_DAY or UNIT_FIRST,
 *              and hit->meter NULL if it was held before */
FALLIBLE limits_admit(struct limits *l, const struct limit_subject *who,
	const struct limit_amounts *a, int64_t now_ms, struct limit_hit *hit);

/* It has happened: charge it, room or not. */
void limits_note(struct limits *l, const struct limit_subject *who,
	const struct limit_amounts *a, int64_t now_ms);

/* The counter of one of them; NULL when nothing is remembered of it. */
struct meter *limits_find(
	struct limits *l, const struct limit_subject *who, enum limit_dim dim);

/* Forget what an account has used and hold it no longer; false: it was not
 * held. */
bool limits_release(struct limits *l, uint32_t account);
