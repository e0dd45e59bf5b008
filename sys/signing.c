#include "sys/signing.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "lib/base/number.h"
#include "sys/keys_provider.h"
#include "trust/roles.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096, RANDOMS = 64 };

enum padding { PAD_NONE, PAD_PKCS1, PAD_PSS };

static const struct scheme {
	uint32_t algorithm;
	const char *key, *digest; /* digest NULL: part of the algorithm */
	enum padding padding;
} schemes[] = {
	{ SIGN_ECDSA_P256_SHA256, "EC", "SHA256", PAD_NONE },
	{ SIGN_ED25519, "ED25519", NULL, PAD_NONE },
	{ SIGN_RSA_PSS_SHA256, "RSA", "SHA256", PAD_PSS },
	{ SIGN_RSA_PSS_SHA384, "RSA", "SHA384", PAD_PSS },
	{ SIGN_RSA_PSS_SHA512, "RSA", "SHA512", PAD_PSS },
	{ SIGN_RSA_PKCS1_SHA256, "RSA", "SHA256", PAD_PKCS1 },
};

/* For each scheme that fits the key, a context that is ready to be copied:
 * making one anew costs more than an Ed25519 signature. */
struct signing_key {
	EVP_PKEY *pkey;
	uint8_t half[KEY_HALF];
	EVP_MD_CTX *ready[COUNT_OF(schemes)];
};

/* Without root's right the limit counts, and a process that has promised to
 * lock all its pages gets none beyond it: so that is promised only when the
 * limit allows what the role may use. */
static bool
may_lock_all(void)
{
	rlim_t wanted = (rlim_t)role_row(KEYS)->memory_mib << 20;
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return false;
	if (limit.rlim_cur >= wanted)
		return true;
	limit = (struct rlimit){ wanted, wanted };
	return setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
}

FALLIBLE
signing_lock(void)
{
	bool all = may_lock_all();
	int locked = mlockall(MCL_CURRENT | (all ? MCL_FUTURE : 0));

	return all && locked == 0 ? OK : &fault_sys_failed;
}

/* The groups of sys/tls_context.c and the length of their public values. */
static const struct {
	uint8_t group; /* NamedGroup, its first octet is zero */
	uint8_t len;
} exchanges[] = { { 29, 32 }, { 23, 65 }, { 24, 97 } };

/* digitally-signed = client_random server_random named_curve(3) group
 * length point */
static bool
is_key_exchange(struct span text)
{
	const uint8_t *at = text.at + RANDOMS;

	if (text.len < RANDOMS + 4 || at[0] != 3 || at[1] != 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(exchanges); i++)
		if (at[2] == exchanges[i].group)
			return at[3] == exchanges[i].len &&
				text.len == RANDOMS + 4u + exchanges[i].len;
	return false;
}

/* 64 spaces, context string, zero, hash of SHA-256 or SHA-384 */
static bool
is_certificate_verify(struct span text)
{
	static const struct span context =
		SPAN("                                "
		     "                                "
		     "TLS 1.3, server CertificateVerify\0");

	return span_starts(text, context) &&
		(text.len == context.len + 32 || text.len == context.len + 48);
}

bool
signing_is_handshake(struct span text)
{
	return is_certificate_verify(text) || is_key_exchange(text);
}

static bool
is_usable(const EVP_PKEY *pkey)
{
	char group[32] = "";
	int bits = EVP_PKEY_get_bits(pkey);

	if (EVP_PKEY_is_a(pkey, "RSA"))
		return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
	if (EVP_PKEY_is_a(pkey, "EC"))
		return EVP_PKEY_get_group_name(pkey, group, sizeof group,
			       NULL) == 1 &&
			strcmp(group, "prime256v1") == 0;
	return EVP_PKEY_is_a(pkey, "ED25519");
}

static bool
prepare(EVP_MD_CTX *c, const struct scheme *s, EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *p = NULL;

	if (EVP_DigestSignInit_ex(c, &p, s->digest, NULL, NULL, pkey, NULL) !=
		1)
		return false;
	return s->padding != PAD_PSS ||
		(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) == 1 &&
			EVP_PKEY_CTX_set_rsa_pss_saltlen(p,
				RSA_PSS_SALTLEN_DIGEST) == 1);
}

/* A context for each scheme that fits the key. */
static bool
make_ready(struct signing_key *k)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		if (!EVP_PKEY_is_a(k->pkey, schemes[i].key))
			continue;
		k->ready[i] = EVP_MD_CTX_new();
		if (!k->ready[i] || !prepare(k->ready[i], &schemes[i], k->pkey))
			return false;
	}
	return true;
}

static int
no_password(char *room, int size, int writing, void *arg)
{
	(void)room, (void)size, (void)writing, (void)arg;
	return -1;
}

FALLIBLE
signing_open(struct span pem, struct signing_key **out)
{
	struct signing_key *k = OPENSSL_zalloc(sizeof *k);
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.len);
	bool good = k && in && pem.len <= INT32_MAX;

	if (good)
		k->pkey = PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);
	BIO_free(in);
	if (!good || !k->pkey || !is_usable(k->pkey) || !make_ready(k) ||
		keys_provider_half(k->pkey, k->half)) {
		signing_close(&k);
		return &fault_key_unusable;
	}
	*out = k;
	return OK;
}

void
signing_close(struct signing_key **k)
{
	if (!*k)
		return;
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		EVP_MD_CTX_free((*k)->ready[i]);
	EVP_PKEY_free((*k)->pkey);
	OPENSSL_free(*k);
	*k = NULL;
}

void
signing_half(const struct signing_key *k, uint8_t half[KEY_HALF])
{
	memcpy(half, k->half, KEY_HALF);
}

uint32_t
signing_cost(const struct signing_key *k)
{
	uint32_t steps = (uint32_t)EVP_PKEY_get_bits(k->pkey) / 1024;

	return EVP_PKEY_is_a(k->pkey, "RSA") ? 2u << steps : 1;
}

static const EVP_MD_CTX *
find_ready(const struct signing_key *k, uint32_t algorithm)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (schemes[i].algorithm == algorithm)
			return k->ready[i];
	return NULL;
}

FALLIBLE
signing_sign(const struct signing_key *k, uint32_t algorithm, struct span text,
	struct buf *out)
{
	const EVP_MD_CTX *ready = find_ready(k, algorithm);
	EVP_MD_CTX *c;
	size_t len = buf_room(out);
	bool good;

	if (!ready || !signing_is_handshake(text))
		return &fault_key_refused;
	c = EVP_MD_CTX_new();
	good = c && EVP_MD_CTX_copy_ex(c, ready) == 1 &&
		EVP_DigestSign(c, out->at + out->len, &len, text.at,
			text.len) == 1;
	EVP_MD_CTX_free(c);
	if (!good)
		return &fault_sys_failed;
	out->len += len;
	return OK;
}

void
signing_answer(const struct signing_key *k, const struct sign_request *ask,
	struct sign_answer *answer)
{
	struct buf out = BUF(answer->output);
	const struct fault *f = &fault_key_refused;

	if (k && ask->input_len <= sizeof ask->input)
		f = signing_sign(k, ask->algorithm,
			span_at(ask->input, ask->input_len), &out);
	answer->output_len = f ? 0 : (uint16_t)out.len;
	answer->fault = fault_number(f);
}
