#include "sys/ed25519.h"

#include <sodium.h>

#include "lib/base/must.h"

_Static_assert(ED25519_SEED == crypto_sign_SEEDBYTES &&
		ED25519_PUBLIC == crypto_sign_PUBLICKEYBYTES &&
		ED25519_SIGNATURE == crypto_sign_BYTES,
	"as libsodium has them");

void
ed25519_public(const uint8_t seed[ED25519_SEED], uint8_t out[ED25519_PUBLIC])
{
	uint8_t both[crypto_sign_SECRETKEYBYTES];

	MUST(crypto_sign_seed_keypair(out, both, seed) == 0);
	sodium_memzero(both, sizeof both);
}

void
ed25519_sign(const uint8_t seed[ED25519_SEED], struct span text,
	uint8_t out[ED25519_SIGNATURE])
{
	uint8_t key[ED25519_PUBLIC], both[crypto_sign_SECRETKEYBYTES];

	MUST(crypto_sign_seed_keypair(key, both, seed) == 0);
	MUST(crypto_sign_detached(out, NULL, text.at, text.len, both) == 0);
	sodium_memzero(both, sizeof both);
}

bool
ed25519_is_signed(const uint8_t key[ED25519_PUBLIC], struct span text,
	const uint8_t signature[ED25519_SIGNATURE])
{
	return crypto_sign_verify_detached(signature, text.at, text.len, key) ==
		0;
}
