#include "sys/signing.h"

#include <openssl/pem.h>

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "sys/crypto.h"
#include "sys/x509.h"

#define SPACES_64                          \
	"                                " \
	"                                "
#define X_32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X_16 "xxxxxxxxxxxxxxxx"
#define SERVER_13 SPACES_64 "TLS 1.3, server CertificateVerify\0"
#define CLIENT_13 SPACES_64 "TLS 1.3, client CertificateVerify\0"
#define RANDOMS   X_32 X_32

static const struct {
	const char *what;
	struct span text;
	bool is;
} texts[] = {
	{ "TLS 1.3 with SHA-256", SPAN(SERVER_13 X_32), true },
	{ "TLS 1.3 with SHA-384", SPAN(SERVER_13 X_32 X_16), true },
	{ "TLS 1.3 with half a hash", SPAN(SERVER_13 X_16), false },
	{ "TLS 1.3 with more than a hash", SPAN(SERVER_13 X_32 "x"), false },
	{ "TLS 1.3 as a client", SPAN(CLIENT_13 X_32), false },
	{ "TLS 1.3 without its spaces",
	  SPAN("TLS 1.3, server CertificateVerify\0" X_32), false },
	{ "TLS 1.2 with X25519", SPAN(RANDOMS "\3\0\35\40" X_32), true },
	{ "TLS 1.2 with P-256", SPAN(RANDOMS "\3\0\27\101\4" X_32 X_32), true },
	{ "TLS 1.2 with P-384",
	  SPAN(RANDOMS "\3\0\30\141\4" X_32 X_32 X_32), true },
	{ "TLS 1.2 with another group", SPAN(RANDOMS "\3\0\36\40" X_32),
	  false },
	{ "TLS 1.2 with explicit parameters", SPAN(RANDOMS "\1\0\35\40" X_32),
	  false },
	{ "TLS 1.2 with a point of another length",
	  SPAN(RANDOMS "\3\0\35\20" X_16), false },
	{ "TLS 1.2 with octets after the point",
	  SPAN(RANDOMS "\3\0\35\40" X_32 "x"), false },
	{ "TLS 1.2 cut inside the point", SPAN(RANDOMS "\3\0\35\40" X_16),
	  false },
	{ "TLS 1.2 cut before the group", SPAN(RANDOMS "\3\0"), false },
	{ "a bare digest", SPAN(X_32), false },
	{ "nothing", SPAN(""), false },
	{ "text", SPAN("Please sign that I owe you 100."), false },
};

static struct signing_key *
key_of(enum x509_key kind)
{
	static uint8_t room[X509_PEM_MAX];
	struct buf pem = BUF(room);
	struct signing_key *k = NULL;

	CHECK_OK(crypto_start());
	CHECK_OK(x509_make_key(kind, &pem));
	CHECK_OK(signing_open(buf_view(&pem), &k));
	return k;
}

TEST(only_handshakes_are_signed)
{
	struct signing_key *k = key_of(X509_EC_P256);

	EACH_CASE(c, texts) {
		uint8_t room[SIGN_OUTPUT_MAX];
		struct buf out = BUF(room);

		CHECK_NUMBER(signing_is_handshake(c->text), c->is);
		CHECK_FAULT(signing_sign(k, SIGN_ECDSA_P256_SHA256, c->text,
				    &out), c->is ? OK : &fault_key_refused);
		CHECK_NUMBER(out.len > 0, c->is);
	}
	signing_close(&k);
}

static const struct {
	const char *what;
	enum x509_key kind;
	uint32_t algorithm;
	const struct fault *ends;
} uses[] = {
	{ "EC signs ECDSA", X509_EC_P256, SIGN_ECDSA_P256_SHA256, OK },
	{ "EC does not sign EdDSA", X509_EC_P256, SIGN_ED25519,
	  &fault_key_refused },
	{ "Ed25519 signs EdDSA", X509_ED25519, SIGN_ED25519, OK },
	{ "Ed25519 does not sign RSA", X509_ED25519, SIGN_RSA_PSS_SHA256,
	  &fault_key_refused },
	{ "RSA signs PSS", X509_RSA_2048, SIGN_RSA_PSS_SHA512, OK },
	{ "RSA signs PKCS #1", X509_RSA_2048, SIGN_RSA_PKCS1_SHA256, OK },
	{ "RSA does not sign PKCS #1 with SHA-1", X509_RSA_2048, 0x0201,
	  &fault_key_refused },
	{ "no algorithm", X509_EC_P256, 0, &fault_key_refused },
};

TEST(a_key_has_its_algorithms)
{
	EACH_CASE(c, uses) {
		struct signing_key *k = key_of(c->kind);
		uint8_t room[SIGN_OUTPUT_MAX];
		struct buf out = BUF(room);

		CHECK_FAULT(signing_sign(k, c->algorithm, SPAN(SERVER_13 X_32),
				    &out), c->ends);
		signing_close(&k);
	}
}

TEST(questions_of_a_wrong_length_are_refused)
{
	static const uint16_t lengths[] = { 0, 1, SIGN_INPUT_MAX,
		SIGN_INPUT_MAX + 1, UINT16_MAX };
	struct signing_key *k = key_of(X509_EC_P256);

	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct sign_request ask = { .algorithm =
						    SIGN_ECDSA_P256_SHA256,
			.input_len = lengths[i] };
		struct sign_answer answer = { 0 };

		signing_answer(k, &ask, &answer);
		CHECK_FAULT(fault_row(answer.fault), &fault_key_refused);
		CHECK_NUMBER(answer.output_len, 0);
	}
	signing_close(&k);
}

static const struct {
	const char *what;
	struct span pem;
} unusable[] = {
	{ "nothing", SPAN("") },
	{ "no key", SPAN("-----BEGIN PRIVATE KEY-----\nAAAA\n"
			 "-----END PRIVATE KEY-----\n") },
	{ "half a key", SPAN("-----BEGIN PRIVATE KEY-----\n"
			     "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0w") },
};

TEST(what_is_no_key_is_refused)
{
	CHECK_OK(crypto_start());
	EACH_CASE(c, unusable) {
		struct signing_key *k = NULL;

		CHECK_FAULT(signing_open(c->pem, &k), &fault_key_unusable);
		CHECK(!k);
	}
}

TEST(keys_of_other_kinds_are_refused)
{
	EVP_PKEY *others[] = {
		EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"),
		EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024),
		EVP_PKEY_Q_keygen(NULL, NULL, "X25519"),
	};

	CHECK_OK(crypto_start());
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		BIO *out = BIO_new(BIO_s_mem());
		struct signing_key *k = NULL;
		char *at;
		long len;

		CHECK(PEM_write_bio_PKCS8PrivateKey(out, others[i], NULL, NULL,
			      0, NULL, NULL) == 1);
		len = BIO_get_mem_data(out, &at);
		CHECK_FAULT(signing_open(span_at(at, (size_t)len), &k),
			&fault_key_unusable);
		BIO_free(out);
		EVP_PKEY_free(others[i]);
	}
}
