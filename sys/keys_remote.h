/* keys_remote.h -- the parts of the provider in sys/keys_provider.c. */
#pragma once

#include "sys/keys.h"

struct ossl_algorithm_st;

enum { REMOTE_EC, REMOTE_ED25519, REMOTE_RSA, REMOTE_KINDS };
enum { REMOTE_OCTETS_MAX = 512 };

/* One row for each kind of key; strength and signature are what OpenSSL is
 * told, in bits and octets.  0: by the modulus. */
struct remote_kind {
	const char *name;
	int bits, strength, signature;
};

extern const struct remote_kind remote_kinds[REMOTE_KINDS];

/* A public half, and our name for the private one. */
struct remote_key {
	const struct remote_kind *kind;
	bool is_named; /* false: a public key that was imported to compare */
	struct key_name name;
	uint8_t octets[REMOTE_OCTETS_MAX]; /* point, or modulus, big-endian */
	size_t len;
	uint64_t exponent;
};

#define REMOTE_PROVIDER "posthold"
#define REMOTE_ONLY     "provider=" REMOTE_PROVIDER /* for a fetch */

/* The parameter of an import that holds a struct key_name. */
#define REMOTE_NAME REMOTE_PROVIDER "-name"

/* The provider's two tables. */
const struct ossl_algorithm_st *remote_key_kinds(void);
const struct ossl_algorithm_st *remote_signature_kinds(void);
