/* mac.h -- the seal on what one role vouches for to another.
 *
 * A verdict or a grant travels through a role that parses foreign octets; the
 * tag shows the role that acts on it who made it and that it is unchanged.
 * Keyed BLAKE2b (RFC 7693), 32 octets; the keys are made by master at each
 * start and never leave memory.
 */
#pragma once

#include "lib/base/span.h"

#define MAC_OCTETS 32

struct mac_key {
	uint8_t octets[32];
};

/* Once per process, before the sandbox. */
void mac_start(void);

void mac_key_make(struct mac_key *key);

void mac_make(const struct mac_key *key, struct span s,
	uint8_t tag[MAC_OCTETS]);

/* Is `tag` the tag of `s`?  Takes the same time whatever the answer. */
bool mac_holds(const struct mac_key *key, struct span s,
	const uint8_t tag[MAC_OCTETS]);
