/* keys_signer.c -- signatures of the provider in sys/keys_provider.c. */
#include "sys/keys_remote.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "lib/base/number.h"

static const struct scheme {
	uint32_t algorithm;
	int kind;
	const char *digests[2]; /* its names; none for Ed25519 */
	bool pss;
} schemes[] = {
	{ SIGN_ECDSA_P256_SHA256, REMOTE_EC, { "SHA256", "SHA2-256" }, false },
	{ SIGN_ED25519, REMOTE_ED25519, { "", "" }, false },
	{ SIGN_RSA_PSS_SHA256, REMOTE_RSA, { "SHA256", "SHA2-256" }, true },
	{ SIGN_RSA_PSS_SHA384, REMOTE_RSA, { "SHA384", "SHA2-384" }, true },
	{ SIGN_RSA_PSS_SHA512, REMOTE_RSA, { "SHA512", "SHA2-512" }, true },
	{ SIGN_RSA_PKCS1_SHA256, REMOTE_RSA, { "SHA256", "SHA2-256" }, false },
};

struct signer {
	const struct remote_key *key; /* lives as long as OpenSSL's context */
	char digest[16];
	bool pss;
};

static void *
new_signer(void *provider, const char *properties)
{
	(void)provider, (void)properties;
	return OPENSSL_zalloc(sizeof(struct signer));
}

static void
free_signer(void *signer)
{
	OPENSSL_free(signer);
}

static bool
is_named(const struct scheme *row, const char *digest)
{
	return OPENSSL_strcasecmp(digest, row->digests[0]) == 0 ||
		OPENSSL_strcasecmp(digest, row->digests[1]) == 0;
}

static const struct scheme *
find_scheme(const struct signer *s)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (&remote_kinds[schemes[i].kind] == s->key->kind &&
			schemes[i].pss == s->pss &&
			is_named(&schemes[i], s->digest))
			return &schemes[i];
	return NULL;
}

static int
set_signer_params(void *signer, const OSSL_PARAM params[])
{
	struct signer *s = signer;
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params,
		OSSL_SIGNATURE_PARAM_PAD_MODE);
	int mode = 0;
	const char *name;

	if (!p)
		return 1;
	if (p->data_type == OSSL_PARAM_UTF8_STRING) {
		if (OSSL_PARAM_get_utf8_string_ptr(p, &name) != 1)
			return 0;
		s->pss = strcmp(name, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
		return s->pss ||
			strcmp(name, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0;
	}
	if (OSSL_PARAM_get_int(p, &mode) != 1)
		return 0;
	s->pss = mode == RSA_PKCS1_PSS_PADDING;
	return s->pss || mode == RSA_PKCS1_PADDING;
}

/* The salt is as long as the digest whatever is set here: RFC 8446 section
 * 4.2.3 knows no other, and `keys` makes the signature. */
static const OSSL_PARAM *
settable_signer_params(void *signer, void *provider)
{
	static const OSSL_PARAM names[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL,
			0),
		OSSL_PARAM_END,
	};

	(void)signer, (void)provider;
	return names;
}

static int
sign_start(void *signer, const char *digest, void *key,
	const OSSL_PARAM params[])
{
	struct signer *s = signer;
	struct buf name = { (uint8_t *)s->digest, 0, sizeof s->digest - 1 };

	s->key = key;
	s->pss = false;
	memset(s->digest, 0, sizeof s->digest);
	if (digest && !buf_put_text(&name, digest))
		return 0;
	return params ? set_signer_params(s, params) : 1;
}

static int
sign_now(void *signer, unsigned char *signature, size_t *len, size_t room,
	const unsigned char *text, size_t text_len)
{
	struct signer *s = signer;
	const struct scheme *row = find_scheme(s);
	struct buf out = { signature, 0, room };

	if (!row)
		return 0;
	if (!signature) {
		*len = s->key->kind == &remote_kinds[REMOTE_RSA]
			? s->key->len
			: (size_t)s->key->kind->signature;
		return 1;
	}
	if (!s->key->is_named ||
		keys_sign(&s->key->name, row->algorithm,
			span_at(text, text_len), &out))
		return 0;
	*len = out.len;
	return 1;
}

#define FN(id, function) { id, (void (*)(void))(function) }

static const OSSL_DISPATCH signer_functions[] = {
	FN(OSSL_FUNC_SIGNATURE_NEWCTX, new_signer),
	FN(OSSL_FUNC_SIGNATURE_FREECTX, free_signer),
	FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, sign_start),
	FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign_now),
	FN(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_signer_params),
	FN(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_signer_params),
	{ 0, NULL },
};

const OSSL_ALGORITHM *
remote_signature_kinds(void)
{
	static const OSSL_ALGORITHM kinds[] = {
		{ "ECDSA", REMOTE_ONLY, signer_functions, NULL },
		{ "ED25519", REMOTE_ONLY, signer_functions, NULL },
		{ "RSA:rsaEncryption", REMOTE_ONLY, signer_functions, NULL },
		{ NULL, NULL, NULL, NULL },
	};

	return kinds;
}
