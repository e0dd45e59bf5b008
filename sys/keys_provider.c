/* keys_provider.c -- an OpenSSL 3 provider with keys that cannot be read.
 *
 * It offers what a TLS server does with its key and no more: import of a public
 * half and our name for it (sys/keys_remote.c), comparison with a certificate,
 * and signing in one go (sys/keys_signer.c).  Nothing can be exported, so
 * OpenSSL cannot move the key to another provider and has to come here to sign.
 */
#include "sys/keys_provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "sys/crypto.h"
#include "sys/keys_remote.h"

static const OSSL_ALGORITHM *
query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return remote_key_kinds();
	return operation == OSSL_OP_SIGNATURE ? remote_signature_kinds() : NULL;
}

static int
provide(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
	const OSSL_DISPATCH **out, void **context)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION,
			(void (*)(void))query },
		{ 0, NULL },
	};

	(void)in;
	*out = functions;
	*context = (void *)(uintptr_t)core;
	return 1;
}

/* Both providers know "EC" and "RSA".  What is not ours on purpose must come
 * from OpenSSL's own: the preference makes that so for the whole process. */
FALLIBLE
keys_provider_start(void)
{
	if (OSSL_PROVIDER_available(NULL, REMOTE_PROVIDER))
		return OK;
	if (!OSSL_PROVIDER_load(NULL, "default") ||
		EVP_set_default_properties(NULL, "?provider=default") != 1 ||
		OSSL_PROVIDER_add_builtin(NULL, REMOTE_PROVIDER, provide) !=
			1 ||
		!OSSL_PROVIDER_load(NULL, REMOTE_PROVIDER))
		return &fault_tls_unavailable;
	return OK;
}

static EVP_PKEY *
make_key(const char *kind, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, kind,
		REMOTE_ONLY);
	EVP_PKEY *key = NULL;

	if (c && EVP_PKEY_fromdata_init(c) == 1 &&
		EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(c);
	return key;
}

FALLIBLE
keys_provider_half(const EVP_PKEY *key, uint8_t half[KEY_HALF])
{
	uint8_t hash[SHA256_OCTETS], *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	if (len <= 0)
		return &fault_key_unusable;
	sha256(span_at(der, (size_t)len), hash);
	OPENSSL_free(der);
	memcpy(half, hash, KEY_HALF);
	return OK;
}

FALLIBLE
keys_provider_key(const EVP_PKEY *certified, uint32_t number, EVP_PKEY **out)
{
	struct key_name name = { .number = number };
	OSSL_PARAM *public = NULL, *joined = NULL;
	OSSL_PARAM named[] = { OSSL_PARAM_construct_octet_string(REMOTE_NAME,
				       &name, sizeof name),
		OSSL_PARAM_construct_end() };
	EVP_PKEY *made = NULL;

	TRY(keys_provider_half(certified, name.half));
	if (EVP_PKEY_todata(certified, EVP_PKEY_PUBLIC_KEY, &public) == 1)
		joined = OSSL_PARAM_merge(public, named);
	for (size_t i = 0; joined && !made && i < REMOTE_KINDS; i++)
		if (EVP_PKEY_is_a(certified, remote_kinds[i].name))
			made = make_key(remote_kinds[i].name, joined);
	OSSL_PARAM_free(joined);
	OSSL_PARAM_free(public);
	if (!made)
		return &fault_key_unusable;
	*out = made;
	return OK;
}
