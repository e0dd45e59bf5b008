/* keys_provider.h -- OpenSSL's view of a key that is in the process `keys`.
 * For sys/tls*.c; everybody else uses sys/keys.h. */
#pragma once

#include "sys/keys.h"

struct evp_pkey_st;

/* tls_unavailable  OpenSSL does not take the provider */
FALLIBLE keys_provider_start(void);

/* The first octets of the SHA-256 of a key's SubjectPublicKeyInfo.
 *
 * key_unusable  it has none */
FALLIBLE keys_provider_half(const struct evp_pkey_st *key,
	uint8_t half[KEY_HALF]);

/* The key with the public half of `certified` whose private half is one of
 * `number` in `keys`.  Free it with EVP_PKEY_free.
 *
 * key_unusable  not EC P-256, RSA of 2048 to 4096 bits or Ed25519 */
FALLIBLE keys_provider_key(const struct evp_pkey_st *certified, uint32_t number,
	struct evp_pkey_st **out);
