#include "sys/ed25519.h"

#include "lib/base/test.h"

/* RFC 8032 section 7.1, test 2 */
static const uint8_t seed[ED25519_SEED] = { 0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff,
	0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a,
	0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8,
	0xa6, 0xfb };
static const uint8_t public_start[4] = { 0x3d, 0x40, 0x17, 0xc3 };
static const uint8_t signature_start[4] = { 0x92, 0xa0, 0x09, 0xa9 };

TEST(ed25519_signs_as_rfc_8032_does)
{
	uint8_t key[ED25519_PUBLIC], signature[ED25519_SIGNATURE];

	ed25519_public(seed, key);
	CHECK(!memcmp(key, public_start, sizeof public_start));
	ed25519_sign(seed, SPAN("\x72"), signature);
	CHECK(!memcmp(signature, signature_start, sizeof signature_start));
	CHECK(ed25519_is_signed(key, SPAN("\x72"), signature));
}

TEST(ed25519_refuses_what_was_changed)
{
	uint8_t key[ED25519_PUBLIC], signature[ED25519_SIGNATURE];

	ed25519_public(seed, key);
	ed25519_sign(seed, SPAN("messages 100"), signature);
	CHECK(!ed25519_is_signed(key, SPAN("messages 900"), signature));
	signature[5] ^= 1;
	CHECK(!ed25519_is_signed(key, SPAN("messages 100"), signature));
	signature[5] ^= 1;
	key[0] ^= 1;
	CHECK(!ed25519_is_signed(key, SPAN("messages 100"), signature));
}
