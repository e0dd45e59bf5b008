#include "sys/x509.h"

#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/base/number.h"
#include "sys/crypto.h"

#define SERIAL_OCTETS 16
#define NAME_OCTETS   255
#define COMMON_MAX    64 /* ub-common-name, RFC 5280 appendix A.1 */

struct extension {
	int nid;
	const char *value; /* in OpenSSL's words; NULL: the subject's names */
};

static const struct extension of_authority[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_subject_key_identifier, "hash" },
	{ 0, NULL },
};

static const struct extension of_server[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_ext_key_usage, "serverAuth" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ NID_subject_alt_name, NULL },
	{ 0, NULL },
};

static const bool name_octet[256] = { ['a' ... 'z'] = true,
	['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true,
	['.'] = true, [':'] = true };

static void
free_key(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static void
free_certificate(X509 **x)
{
	X509_free(*x);
}

static void
free_request(X509_REQ **r)
{
	X509_REQ_free(*r);
}

static void
free_bio(BIO **b)
{
	BIO_free(*b);
}

static void
free_time(ASN1_TIME **t)
{
	ASN1_TIME_free(*t);
}

#define OWNED_KEY         OWNED(free_key) EVP_PKEY *
#define OWNED_CERTIFICATE OWNED(free_certificate) X509 *
#define OWNED_REQUEST     OWNED(free_request) X509_REQ *
#define OWNED_BIO         OWNED(free_bio) BIO *

static BIO *
reader(struct span pem)
{
	return pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.at, (int)pem.len)
				    : NULL;
}

static EVP_PKEY *
read_key(struct span pem)
{
	OWNED_BIO in = reader(pem);

	return in ? PEM_read_bio_PrivateKey(in, NULL, NULL, (char *)"") : NULL;
}

static X509 *
read_certificate(struct span pem)
{
	OWNED_BIO in = reader(pem);

	return in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
}

static FALLIBLE
take_text(BIO *written, struct buf *pem)
{
	char *at = NULL;
	long len = BIO_get_mem_data(written, &at);

	if (len <= 0 || !buf_put(pem, span_at(at, (size_t)len)))
		return &fault_key_unusable;
	return OK;
}

FALLIBLE
x509_make_key(enum x509_key kind, struct buf *pem)
{
	OWNED_BIO out = BIO_new(BIO_s_secmem()); /* wipes itself */
	OWNED_KEY key = kind == X509_EC_P256
		? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
		: kind == X509_ED25519
		? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
		: EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);

	if (!out || !key ||
		PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL,
			NULL) != 1)
		return &fault_key_unusable;
	return take_text(out, pem);
}

/* Only octets that have no meaning in OpenSSL's extension language. */
static bool
names_are_plain(const struct x509_subject *s)
{
	if (s->names_count == 0 || s->names_count > X509_NAMES_MAX)
		return false;
	for (size_t i = 0; i < s->names_count; i++) {
		struct span rest = s->names[i];

		if (rest.len == 0 || rest.len > NAME_OCTETS)
			return false;
		span_skip(&rest, name_octet);
		if (rest.len > 0)
			return false;
	}
	return true;
}

static bool
is_literal(struct span name)
{
	char text[NAME_OCTETS + 1] = { 0 };
	uint8_t room[16];

	memcpy(text, name.at, name.len);
	return inet_pton(AF_INET, text, room) == 1 ||
		inet_pton(AF_INET6, text, room) == 1;
}

/* "DNS:mail.agency.example,IP:127.0.0.1" and a NUL */
static bool
put_names(struct buf *b, const struct x509_subject *s)
{
	for (size_t i = 0; i < s->names_count; i++)
		if ((i > 0 && !buf_push(b, ',')) ||
			!buf_put_text(b,
				is_literal(s->names[i]) ? "IP:" : "DNS:") ||
			!buf_put(b, s->names[i]))
			return false;
	return buf_push(b, 0);
}

static X509_EXTENSION *
make_extension(X509V3_CTX *c, int nid, const char *value,
	const struct x509_subject *s)
{
	uint8_t room[X509_NAMES_MAX * (NAME_OCTETS + 5)];
	struct buf names = BUF(room);

	if (!value) {
		if (!put_names(&names, s))
			return NULL;
		value = (const char *)room;
	}
	return X509V3_EXT_conf_nid(NULL, c, nid, value);
}

static bool
add_extensions(X509 *x, X509 *issuer, const struct extension *rows,
	const struct x509_subject *s)
{
	X509V3_CTX c;

	X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
	for (; rows->nid; rows++) {
		X509_EXTENSION *e = make_extension(&c, rows->nid, rows->value,
			s);
		bool good = e && X509_add_ext(x, e, -1) == 1;

		X509_EXTENSION_free(e);
		if (!good)
			return false;
	}
	return true;
}

/* A name that is too long for a common name is in subjectAltName only. */
static bool
set_common_name(X509_NAME *name, const struct x509_subject *s)
{
	struct span first = s->names[0];

	return first.len > COMMON_MAX ||
		X509_NAME_add_entry_by_NID(name, NID_commonName,
			MBSTRING_ASC, first.at, (int)first.len, -1, 0) == 1;
}

static bool
set_serial(X509 *x)
{
	uint8_t octets[SERIAL_OCTETS];
	BIGNUM *n;
	bool good;

	random_octets(octets, sizeof octets);
	octets[0] = (octets[0] & 0x7f) | 0x40; /* positive, full length */
	n = BN_bin2bn(octets, sizeof octets, NULL);
	good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return good;
}

static bool
set_period(X509 *x, const struct x509_subject *s)
{
	return ASN1_TIME_adj(X509_getm_notBefore(x),
		       s->from.us / SECONDS(1), 0, 0) &&
		ASN1_TIME_adj(X509_getm_notAfter(x), s->until.us / SECONDS(1),
			0, 0);
}

static const EVP_MD *
digest_for(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
}

/* issuer NULL: the certificate is its own. */
static FALLIBLE
make(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
	const struct x509_subject *s, struct buf *pem)
{
	OWNED_CERTIFICATE x = X509_new();
	OWNED_BIO out = BIO_new(BIO_s_mem());
	const struct extension *rows = issuer ? of_server : of_authority;

	if (!x || !out || !key || !issuer_key || !names_are_plain(s))
		return &fault_key_unusable;
	if (X509_set_version(x, X509_VERSION_3) != 1 || !set_serial(x) ||
		!set_period(x, s) ||
		!set_common_name(X509_get_subject_name(x), s) ||
		X509_set_issuer_name(x,
			X509_get_subject_name(issuer ? issuer : x)) != 1 ||
		X509_set_pubkey(x, key) != 1 ||
		!add_extensions(x, issuer ? issuer : x, rows, s) ||
		X509_sign(x, issuer_key, digest_for(issuer_key)) <= 0 ||
		PEM_write_bio_X509(out, x) != 1)
		return &fault_key_unusable;
	return take_text(out, pem);
}

FALLIBLE
x509_make_authority(struct span key, const struct x509_subject *s,
	struct buf *pem)
{
	OWNED_KEY k = read_key(key);

	return make(k, NULL, k, s, pem);
}

FALLIBLE
x509_make_certificate(struct span authority_key, struct span authority,
	struct span key, const struct x509_subject *s, struct buf *pem)
{
	OWNED_KEY issuer_key = read_key(authority_key);
	OWNED_KEY k = read_key(key);
	OWNED_CERTIFICATE issuer = read_certificate(authority);

	if (!issuer || !issuer_key ||
		X509_check_private_key(issuer, issuer_key) != 1)
		return &fault_key_unusable;
	return make(k, issuer, issuer_key, s, pem);
}

static bool
ask_for_names(X509_REQ *r, const struct x509_subject *s)
{
	STACK_OF(X509_EXTENSION) *all = sk_X509_EXTENSION_new_null();
	X509V3_CTX c;
	X509_EXTENSION *e;
	bool good;

	X509V3_set_ctx(&c, NULL, NULL, r, NULL, 0);
	e = make_extension(&c, NID_subject_alt_name, NULL, s);
	good = all && e && sk_X509_EXTENSION_push(all, e) > 0 &&
		X509_REQ_add_extensions(r, all) == 1;
	X509_EXTENSION_free(e);
	sk_X509_EXTENSION_free(all);
	return good;
}

FALLIBLE
x509_make_request(struct span key, const struct x509_subject *s,
	struct buf *pem)
{
	OWNED_KEY k = read_key(key);
	OWNED_REQUEST r = X509_REQ_new();
	OWNED_BIO out = BIO_new(BIO_s_mem());

	if (!k || !r || !out || !names_are_plain(s))
		return &fault_key_unusable;
	if (X509_REQ_set_version(r, X509_REQ_VERSION_1) != 1 ||
		!set_common_name(X509_REQ_get_subject_name(r), s) ||
		X509_REQ_set_pubkey(r, k) != 1 || !ask_for_names(r, s) ||
		X509_REQ_sign(r, k, digest_for(k)) <= 0 ||
		PEM_write_bio_X509_REQ(out, r) != 1)
		return &fault_key_unusable;
	return take_text(out, pem);
}

FALLIBLE
x509_expires(struct span pem, struct instant *out)
{
	OWNED_CERTIFICATE x = read_certificate(pem);
	OWNED(free_time) ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	if (!x || !epoch ||
		ASN1_TIME_diff(&days, &seconds, epoch,
			X509_get0_notAfter(x)) != 1)
		return &fault_key_unusable;
	*out = (struct instant){ DAYS(days) + SECONDS(seconds) };
	return OK;
}

FALLIBLE
x509_is_for(struct span pem, struct span host, bool *out)
{
	OWNED_CERTIFICATE x = read_certificate(pem);

	if (!x)
		return &fault_key_unusable;
	*out = X509_check_host(x, (const char *)host.at, host.len,
		       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
	return OK;
}

FALLIBLE
x509_hash(struct span pem, uint8_t out[32])
{
	OWNED_CERTIFICATE x = read_certificate(pem);
	unsigned len = 0;

	return x && X509_digest(x, EVP_sha256(), out, &len) == 1
		? OK
		: &fault_key_unusable;
}
