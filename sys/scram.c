#include "sys/scram.h"

#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "lib/base/must.h"
#include "sys/crypto.h"

FALLIBLE
scram_derive(struct span password, struct scram_keys *k)
{
	uint8_t salted[SCRAM_KEY], client[SCRAM_KEY];
	struct span key = span_at(salted, sizeof salted);

	MUST(password.len <= INT_MAX && k->iterations <= INT_MAX);
	if (PKCS5_PBKDF2_HMAC((const char *)password.at, (int)password.len,
		    k->salt, sizeof k->salt, (int)k->iterations, EVP_sha256(),
		    sizeof salted, salted) != 1)
		return &fault_password_failed;
	hmac_sha256(key, SPAN("Client Key"), client);
	sha256(span_at(client, sizeof client), k->stored);
	hmac_sha256(key, SPAN("Server Key"), k->server);
	OPENSSL_cleanse(salted, sizeof salted);
	OPENSSL_cleanse(client, sizeof client);
	return OK;
}

FALLIBLE
scram_make(struct span password, struct scram_keys *k)
{
	random_octets(k->salt, sizeof k->salt);
	k->iterations = SCRAM_ITERATIONS;
	return scram_derive(password, k);
}
