/* keys_provider.h -- OpenSSL's view of a key that is in the process `keys`.
 * For sys/tls*.c; everybody else uses sys/keys.h. */
#pragma once

#include <stdint.h>

#include "lib/base/fault.h"

struct evp_pkey_st;

/* tls_unavailable  OpenSSL does not take the provider */
FALLIBLE keys_provider_start(void);

/* The key with the public half of `certified` whose private half is number
 * `key` in `keys`.  Free it with EVP_PKEY_free.
 *
 * key_unusable  not EC P-256, RSA of 2048 to 4096 bits or Ed25519 */
FALLIBLE keys_provider_key(const struct evp_pkey_st *certified, uint32_t key,
	struct evp_pkey_st **out);
