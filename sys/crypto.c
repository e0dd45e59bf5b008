#include "sys/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "lib/base/must.h"

/* Fetched once: a fetch by name costs more than hashing a short message. */
static EVP_MD *sha256_method;
static EVP_MAC_CTX *hmac_model; /* knows its digest, has no key */

static EVP_MAC_CTX *
hmac_new(void)
{
	EVP_MAC *method = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *c = method ? EVP_MAC_CTX_new(method) : NULL;
	OSSL_PARAM digest[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
			(char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_end(),
	};

	EVP_MAC_free(method);
	if (c && EVP_MAC_CTX_set_params(c, digest) == 1)
		return c;
	EVP_MAC_CTX_free(c);
	return NULL;
}

FALLIBLE
crypto_start(void)
{
	uint8_t seeds[1];

	if (hmac_model)
		return OK;
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
			OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		return &fault_tls_unavailable;
	if (!sha256_method)
		sha256_method = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!sha256_method || RAND_bytes(seeds, sizeof seeds) != 1)
		return &fault_tls_unavailable;
	hmac_model = hmac_new();
	return hmac_model ? OK : &fault_tls_unavailable;
}

/* Hashing what is in memory fails only when memory is exhausted or nobody
 * called crypto_start: no caller could do anything but stop. */
void
sha256_begin(struct sha256 *h)
{
	h->state = EVP_MD_CTX_new();
	MUST(h->state);
	MUST(EVP_DigestInit_ex2(h->state, sha256_method, NULL) == 1);
}

void
sha256_add(struct sha256 *h, struct span s)
{
	MUST(EVP_DigestUpdate(h->state, s.at, s.len) == 1);
}

void
sha256_end(struct sha256 *h, uint8_t out[SHA256_OCTETS])
{
	MUST(EVP_DigestFinal_ex(h->state, out, NULL) == 1);
	sha256_drop(h);
}

void
sha256_drop(struct sha256 *h)
{
	EVP_MD_CTX_free(h->state);
	h->state = NULL;
}

void
sha256(struct span s, uint8_t out[SHA256_OCTETS])
{
	MUST(EVP_Digest(s.at, s.len, out, NULL, sha256_method, NULL) == 1);
}

void
sha1(struct span s, uint8_t out[SHA1_OCTETS])
{
	MUST(EVP_Digest(s.at, s.len, out, NULL, EVP_sha1(), NULL) == 1);
}

void
hmac_sha256(struct span key, struct span s, uint8_t out[SHA256_OCTETS])
{
	EVP_MAC_CTX *c = EVP_MAC_CTX_dup(hmac_model);
	size_t len = 0;

	MUST(c);
	MUST(EVP_MAC_init(c, key.at, key.len, NULL) == 1);
	MUST(EVP_MAC_update(c, s.at, s.len) == 1);
	MUST(EVP_MAC_final(c, out, &len, SHA256_OCTETS) == 1);
	MUST(len == SHA256_OCTETS);
	EVP_MAC_CTX_free(c);
}

void
random_octets(void *at, size_t len)
{
	MUST(len <= INT32_MAX);
	MUST(RAND_bytes(at, (int)len) == 1);
}

bool
octets_equal(struct span a, struct span b)
{
	return a.len == b.len && CRYPTO_memcmp(a.at, b.at, a.len) == 0;
}
