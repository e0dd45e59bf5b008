/* slow.h -- the time that failed logins cost (AC-7, AU-D07).
 *
 * A source is an IPv4 /24 or an IPv6 /64; a login is a name that was tried,
 * whether anybody has it or not.  Only refusals are late: who knows the
 * password is never slowed, so nobody is locked out by what others try (A4).
 *
 * A single address (an IPv6 /64) is locked by its own failures: nothing that it
 * says is looked at for SLOW_FORGET after the last of them.  The owner of an
 * account is not, wherever else he is.
 *
 * What is remembered has a fixed place.  A table that is attacked forgets; it
 * never refuses.
 */
#pragma once

#include "lib/base/siphash.h"
#include "lib/base/time.h"

#define SLOW_PLACES 8192
#define SLOW_LAST   SECONDS(15) /* longest wait                        */
#define SLOW_FORGET MINUTES(15) /* without a failure                   */
#define SLOW_SOURCE 3           /* failures of a source without a wait */
#define SLOW_LOGIN  10          /* the same of a login                 */

struct slow_place {
	uint64_t key;
	struct tick last;
	uint32_t failures;
};

struct slow {
	struct siphash_key key;
	struct slow_place places[SLOW_PLACES];
};

void slow_init(struct slow *s, const struct siphash_key *key);

/* A login failed.  Returns how long its answer has to wait, microseconds.
 *
 * peer   IPv6, or IPv4 mapped into it
 * login  empty: it is not known */
int64_t slow_failed(struct slow *s, struct tick now, const uint8_t peer[16],
	struct span login);

/* Do so many failures of this address lock it?  The look changes nothing. */
bool slow_locked(struct slow *s, struct tick now, const uint8_t peer[16],
	uint32_t after);

/* A login succeeded: half of what was remembered is forgiven; one right
 * password does not excuse guessing at others. */
void slow_succeeded(struct slow *s, struct tick now, const uint8_t peer[16],
	struct span login);

/* Failures of the source that are remembered. */
uint32_t slow_failures(struct slow *s, struct tick now,
	const uint8_t peer[16]);
