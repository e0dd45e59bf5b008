/* crypto.h -- hashes, keyed hashes and random octets.
 *
 * Call crypto_start once, before the sandbox: OpenSSL then has its providers
 * and algorithms in memory and opens nothing later.  Its configuration file is
 * not read.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

#define SHA256_OCTETS 32

/* tls_unavailable  the library has no SHA-256, HMAC or random source */
FALLIBLE crypto_start(void);

/* A SHA-256 (FIPS 180-4) over octets that arrive in pieces.  begin, add as
 * often as needed, then end once; sha256_drop gives up one without a result
 * and accepts an ended or zeroed one, so it can be an OWNED destructor. */
struct sha256 {
	struct evp_md_ctx_st *state; /* NULL when not between begin and end */
};

void sha256_begin(struct sha256 *h);
void sha256_add(struct sha256 *h, struct span s);
void sha256_end(struct sha256 *h, uint8_t out[SHA256_OCTETS]);
void sha256_drop(struct sha256 *h);

/* The same over octets that are all here. */
/* For lists of breached passwords, which come so; proves nothing. */
#define SHA1_OCTETS 20
void sha1(struct span s, uint8_t out[SHA1_OCTETS]);

void sha256(struct span s, uint8_t out[SHA256_OCTETS]);

/* HMAC-SHA-256, RFC 2104; any length of key. */
void hmac_sha256(struct span key, struct span s, uint8_t out[SHA256_OCTETS]);

/* Unpredictable octets, from the kernel's generator by way of OpenSSL's. */
void random_octets(void *at, size_t len);

/* Equal, in a time that depends on the lengths only. */
bool octets_equal(struct span a, struct span b);
