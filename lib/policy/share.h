/* share.h -- who holds the sessions of one service at this moment (NC-2.1.8).
 *
 * No source can fill the table: an address (IPv6: a /64) and its network (a
 * /24, a /48) hold so many at most, and once half of the slots are taken only
 * those get one who hold few.  Sessions are counted exactly; there are as many
 * places as slots.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/table.h"

struct share_holder {
	uint8_t name[9]; /* kind, then 8 octets of the address */
	uint32_t sessions;
};

struct share {
	struct table table;
	struct share_holder *holders;
	uint32_t used;
};

/* Read anew at each call: settings may change. */
struct share_limits {
	uint32_t slots; /* sessions of the service           */
	uint32_t per_source;
	uint32_t per_net;
	uint32_t few; /* of a source; of a net four times  */
};

/* Storage for `slots` sessions: two holders and table slots for each. */
void share_init(struct share *s, struct share_holder *holders,
	struct table_slot *slots, uint32_t count,
	const struct siphash_key *key);

/* A session begins.
 *
 * limit_sessions  the source or its network holds as many as it may, or half of
 *                 the slots are taken and it holds more than a few
 * sys_pool_empty  all slots are taken */
FALLIBLE share_take(
	struct share *s, const struct share_limits *l, const uint8_t peer[16]);

/* It ended. */
void share_give(struct share *s, const uint8_t peer[16]);
