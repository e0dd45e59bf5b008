/* keys_provider.c -- an OpenSSL 3 provider with keys that cannot be read.
 *
 * It offers what a TLS server does with its key and no more: import of the
 * public half and our name for it (only through keys_provider_key), comparison with
 * a certificate, and signing in one go.  Nothing can be exported, so OpenSSL
 * cannot move the key to another provider and has to come here to sign.
 */
#include "sys/keys_provider.h"

#include <openssl/bn.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "lib/base/number.h"
#include "sys/crypto.h"
#include "sys/keys.h"

#define NAME         "posthold"
#define HERE         "provider=" NAME
#define PARAM_NAME   NAME "-name"

enum { POINT_OCTETS = 65, EDWARDS_OCTETS = 32, RSA_OCTETS_MAX = 512 };

/* One row for each kind of key. */
static const struct kind {
	const char *name, *operation;
	int bits, strength, signature; /* RSA: by the modulus */
} kinds[] = {
	{ "EC", "ECDSA", 256, 128, 72 },
	{ "ED25519", "ED25519", 256, 128, 64 },
	{ "RSA", "RSA", 0, 112, 0 },
};
enum { KIND_EC, KIND_ED25519, KIND_RSA };

struct remote_key {
	const struct kind *kind;
	bool is_named; /* false: a public key that was imported to compare */
	struct key_name name;
	uint8_t octets[RSA_OCTETS_MAX]; /* point, or modulus, big-endian */
	size_t len;
	uint64_t exponent;
};

/* --- keys ------------------------------------------------------------------ */

static void *
new_key(int kind)
{
	struct remote_key *k = OPENSSL_zalloc(sizeof *k);

	if (k)
		k->kind = &kinds[kind];
	return k;
}

static void *
new_ec(void *provider)
{
	(void)provider;
	return new_key(KIND_EC);
}

static void *
new_ed25519(void *provider)
{
	(void)provider;
	return new_key(KIND_ED25519);
}

static void *
new_rsa(void *provider)
{
	(void)provider;
	return new_key(KIND_RSA);
}

static void
free_key(void *key)
{
	OPENSSL_free(key);
}

static int
has(const void *key, int selection)
{
	const struct remote_key *k = key;

	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) && !k->is_named)
		return 0;
	return k->len > 0;
}

static int
match(const void *a, const void *b, int selection)
{
	const struct remote_key *x = a, *y = b;

	(void)selection;
	return x->kind == y->kind && x->exponent == y->exponent &&
		span_equals(span_at(x->octets, x->len),
			span_at(y->octets, y->len));
}

static bool
import_rsa(struct remote_key *k, const OSSL_PARAM params[])
{
	const OSSL_PARAM *n = OSSL_PARAM_locate_const(params,
		OSSL_PKEY_PARAM_RSA_N);
	const OSSL_PARAM *e = OSSL_PARAM_locate_const(params,
		OSSL_PKEY_PARAM_RSA_E);
	BIGNUM *modulus = NULL;
	int bits;
	bool good;

	good = n && e && OSSL_PARAM_get_uint64(e, &k->exponent) == 1 &&
		OSSL_PARAM_get_BN(n, &modulus) == 1;
	bits = good ? BN_num_bits(modulus) : 0;
	good = good && bits >= 2048 && bits <= 8 * RSA_OCTETS_MAX;
	if (good)
		k->len = (size_t)BN_bn2bin(modulus, k->octets);
	BN_free(modulus);
	return good;
}

static bool
import_point(struct remote_key *k, const OSSL_PARAM params[])
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params,
		OSSL_PKEY_PARAM_PUB_KEY);
	void *at = k->octets;
	size_t want = k->kind == &kinds[KIND_EC] ? POINT_OCTETS : EDWARDS_OCTETS;

	return p &&
		OSSL_PARAM_get_octet_string(p, &at, sizeof k->octets,
			&k->len) == 1 &&
		k->len == want;
}

static bool
is_our_curve(const OSSL_PARAM params[])
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params,
		OSSL_PKEY_PARAM_GROUP_NAME);
	const char *name;

	return p && OSSL_PARAM_get_utf8_string_ptr(p, &name) == 1 &&
		strcmp(name, "prime256v1") == 0;
}

static int
import(void *key, int selection, const OSSL_PARAM params[])
{
	struct remote_key *k = key;
	const OSSL_PARAM *name = OSSL_PARAM_locate_const(params, PARAM_NAME);
	void *at = &k->name;
	size_t len;

	(void)selection;
	if (k->kind == &kinds[KIND_RSA] ? !import_rsa(k, params)
				   : !import_point(k, params))
		return 0;
	if (k->kind == &kinds[KIND_EC] && !is_our_curve(params))
		return 0;
	k->is_named = name &&
		OSSL_PARAM_get_octet_string(name, &at, sizeof k->name, &len) ==
			1 &&
		len == sizeof k->name;
	return 1;
}

static const OSSL_PARAM *
import_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_octet_string(PARAM_NAME, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)selection;
	return types;
}

static bool
tell_number(OSSL_PARAM params[], const char *name, int n)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return !p || OSSL_PARAM_set_int(p, n) == 1;
}

static bool
tell_text(OSSL_PARAM params[], const char *name, const char *text)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return !p || OSSL_PARAM_set_utf8_string(p, text) == 1;
}

static int
get_key_params(void *key, OSSL_PARAM params[])
{
	const struct remote_key *k = key;
	const struct kind *kind = k->kind;
	int len = (int)k->len;
	bool is_rsa = kind == &kinds[KIND_RSA];

	if (kind == &kinds[KIND_EC] && !tell_text(params, OSSL_PKEY_PARAM_GROUP_NAME,
					  "prime256v1"))
		return 0;
	if (kind == &kinds[KIND_ED25519] &&
		!tell_text(params, OSSL_PKEY_PARAM_MANDATORY_DIGEST, ""))
		return 0;
	return tell_number(params, OSSL_PKEY_PARAM_BITS,
		       is_rsa ? 8 * len : kind->bits) &&
		tell_number(params, OSSL_PKEY_PARAM_SECURITY_BITS,
			kind->strength) &&
		tell_number(params, OSSL_PKEY_PARAM_MAX_SIZE,
			is_rsa ? len : kind->signature);
}

static const OSSL_PARAM *
gettable_key_params(void *provider)
{
	static const OSSL_PARAM names[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL,
			0),
		OSSL_PARAM_END,
	};

	(void)provider;
	return names;
}

static const char *
operation_of_ec(int operation)
{
	(void)operation;
	return kinds[KIND_EC].operation;
}

/* --- signatures ------------------------------------------------------------ */

static const struct scheme {
	uint32_t algorithm;
	int kind;
	const char *digests[2]; /* its names; none for Ed25519 */
	bool pss;
} schemes[] = {
	{ SIGN_ECDSA_P256_SHA256, KIND_EC, { "SHA256", "SHA2-256" }, false },
	{ SIGN_ED25519, KIND_ED25519, { "", "" }, false },
	{ SIGN_RSA_PSS_SHA256, KIND_RSA, { "SHA256", "SHA2-256" }, true },
	{ SIGN_RSA_PSS_SHA384, KIND_RSA, { "SHA384", "SHA2-384" }, true },
	{ SIGN_RSA_PSS_SHA512, KIND_RSA, { "SHA512", "SHA2-512" }, true },
	{ SIGN_RSA_PKCS1_SHA256, KIND_RSA, { "SHA256", "SHA2-256" }, false },
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

static const struct scheme *
find_scheme(const struct signer *s)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		const struct scheme *row = &schemes[i];

		if (&kinds[row->kind] == s->key->kind && row->pss == s->pss &&
			(OPENSSL_strcasecmp(s->digest, row->digests[0]) == 0 ||
				OPENSSL_strcasecmp(s->digest,
					row->digests[1]) == 0))
			return row;
	}
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
		*len = s->key->kind == &kinds[KIND_RSA]
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

/* --- the provider ---------------------------------------------------------- */

#define FN(id, function) { id, (void (*)(void))(function) }

#define KEY_FUNCTIONS(name, make, ...)                                      \
	static const OSSL_DISPATCH name[] = {                               \
		FN(OSSL_FUNC_KEYMGMT_NEW, make),                            \
		FN(OSSL_FUNC_KEYMGMT_FREE, free_key),                       \
		FN(OSSL_FUNC_KEYMGMT_HAS, has),                             \
		FN(OSSL_FUNC_KEYMGMT_MATCH, match),                         \
		FN(OSSL_FUNC_KEYMGMT_IMPORT, import),                       \
		FN(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, import_types),           \
		FN(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_key_params),           \
		FN(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_key_params), \
		__VA_ARGS__ { 0, NULL }                                     \
	}

KEY_FUNCTIONS(ec_functions, new_ec,
	FN(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_of_ec), );
KEY_FUNCTIONS(ed25519_functions, new_ed25519, );
KEY_FUNCTIONS(rsa_functions, new_rsa, );

static const OSSL_DISPATCH signer_functions[] = {
	FN(OSSL_FUNC_SIGNATURE_NEWCTX, new_signer),
	FN(OSSL_FUNC_SIGNATURE_FREECTX, free_signer),
	FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, sign_start),
	FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign_now),
	FN(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_signer_params),
	FN(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_signer_params),
	{ 0, NULL },
};

static const OSSL_ALGORITHM key_kinds[] = {
	{ "EC:id-ecPublicKey:1.2.840.10045.2.1", HERE, ec_functions, NULL },
	{ "ED25519:1.3.101.112", HERE, ed25519_functions, NULL },
	{ "RSA:rsaEncryption:1.2.840.113549.1.1.1", HERE, rsa_functions, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM signature_kinds[] = {
	{ "ECDSA", HERE, signer_functions, NULL },
	{ "ED25519", HERE, signer_functions, NULL },
	{ "RSA:rsaEncryption", HERE, signer_functions, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *
query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return key_kinds;
	return operation == OSSL_OP_SIGNATURE ? signature_kinds : NULL;
}

static int
provide(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
	const OSSL_DISPATCH **out, void **context)
{
	static const OSSL_DISPATCH functions[] = {
		FN(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
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
	if (OSSL_PROVIDER_available(NULL, NAME))
		return OK;
	if (!OSSL_PROVIDER_load(NULL, "default") ||
		EVP_set_default_properties(NULL, "?provider=default") != 1 ||
		OSSL_PROVIDER_add_builtin(NULL, NAME, provide) != 1 ||
		!OSSL_PROVIDER_load(NULL, NAME))
		return &fault_tls_unavailable;
	return OK;
}

static EVP_PKEY *
make_key(const char *kind, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, kind, HERE);
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
	OSSL_PARAM named[] = { OSSL_PARAM_construct_octet_string(PARAM_NAME,
				       &name, sizeof name),
		OSSL_PARAM_construct_end() };
	EVP_PKEY *made = NULL;

	TRY(keys_provider_half(certified, name.half));
	if (EVP_PKEY_todata(certified, EVP_PKEY_PUBLIC_KEY, &public) == 1)
		joined = OSSL_PARAM_merge(public, named);
	for (size_t i = 0; joined && !made && i < COUNT_OF(kinds); i++)
		if (EVP_PKEY_is_a(certified, kinds[i].name))
			made = make_key(kinds[i].name, joined);
	OSSL_PARAM_free(joined);
	OSSL_PARAM_free(public);
	if (!made)
		return &fault_key_unusable;
	*out = made;
	return OK;
}
