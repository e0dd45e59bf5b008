/* ed25519.h -- signatures of documents, RFC 8032 (libsodium). */
#pragma once

#include "lib/base/span.h"

#define ED25519_SEED 32 /* the private key */
#define ED25519_PUBLIC 32
#define ED25519_SIGNATURE 64

/* The public key of a private one. */
void ed25519_public(
	const uint8_t seed[ED25519_SEED], uint8_t out[ED25519_PUBLIC]);

void ed25519_sign(const uint8_t seed[ED25519_SEED], struct span text,
	uint8_t out[ED25519_SIGNATURE]);

bool ed25519_is_signed(const uint8_t key[ED25519_PUBLIC], struct span text,
	const uint8_t signature[ED25519_SIGNATURE]);
