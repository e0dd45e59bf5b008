#include "sys/mac.h"

#include <sodium.h>

#include "lib/base/must.h"

void
mac_start(void)
{
	MUST(sodium_init() >= 0);
}

void
mac_key_make(struct mac_key *key)
{
	randombytes_buf(key->octets, sizeof key->octets);
}

void
mac_make(const struct mac_key *key, struct span s, uint8_t tag[MAC_OCTETS])
{
	MUST(crypto_generichash(tag, MAC_OCTETS, s.at, s.len, key->octets,
		     sizeof key->octets) == 0);
}

bool
mac_holds(const struct mac_key *key, struct span s,
	const uint8_t tag[MAC_OCTETS])
{
	uint8_t want[MAC_OCTETS];

	mac_make(key, s, want);
	return sodium_memcmp(want, tag, MAC_OCTETS) == 0;
}
