/* keys_remote.c -- key management of the provider in sys/keys_provider.c. */
#include "sys/keys_remote.h"

#include <openssl/bn.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

enum { POINT_OCTETS = 65, EDWARDS_OCTETS = 32, RSA_BITS_MIN = 2048 };

const struct remote_kind remote_kinds[REMOTE_KINDS] = {
	[REMOTE_EC] = { "EC", 256, 128, 72 },
	[REMOTE_ED25519] = { "ED25519", 256, 128, 64 },
	[REMOTE_RSA] = { "RSA", 0, 112, 0 },
};

static void *
new_key(int kind)
{
	struct remote_key *k = OPENSSL_zalloc(sizeof *k);

	if (k)
		k->kind = &remote_kinds[kind];
	return k;
}

static void *
new_ec(void *provider)
{
	(void)provider;
	return new_key(REMOTE_EC);
}

static void *
new_ed25519(void *provider)
{
	(void)provider;
	return new_key(REMOTE_ED25519);
}

static void *
new_rsa(void *provider)
{
	(void)provider;
	return new_key(REMOTE_RSA);
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
	good = good && bits >= RSA_BITS_MIN && bits <= 8 * REMOTE_OCTETS_MAX;
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
	size_t want = k->kind == &remote_kinds[REMOTE_EC] ? POINT_OCTETS
							  : EDWARDS_OCTETS;

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
	const OSSL_PARAM *name = OSSL_PARAM_locate_const(params, REMOTE_NAME);
	void *at = &k->name;
	size_t len;

	(void)selection;
	if (k->kind == &remote_kinds[REMOTE_RSA] ? !import_rsa(k, params)
				   : !import_point(k, params))
		return 0;
	if (k->kind == &remote_kinds[REMOTE_EC] && !is_our_curve(params))
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
		OSSL_PARAM_octet_string(REMOTE_NAME, NULL, 0),
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
	const struct remote_kind *kind = k->kind;
	int len = (int)k->len;
	bool is_rsa = kind == &remote_kinds[REMOTE_RSA];

	if (kind == &remote_kinds[REMOTE_EC] &&
		!tell_text(params, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1"))
		return 0;
	if (kind == &remote_kinds[REMOTE_ED25519] &&
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
	return "ECDSA";
}

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

const OSSL_ALGORITHM *
remote_key_kinds(void)
{
	static const OSSL_ALGORITHM kinds[] = {
		{ "EC:id-ecPublicKey:1.2.840.10045.2.1", REMOTE_ONLY,
			ec_functions, NULL },
		{ "ED25519:1.3.101.112", REMOTE_ONLY, ed25519_functions, NULL },
		{ "RSA:rsaEncryption:1.2.840.113549.1.1.1", REMOTE_ONLY,
			rsa_functions, NULL },
		{ NULL, NULL, NULL, NULL },
	};

	return kinds;
}
