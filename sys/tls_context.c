#include "sys/tls_context.h"

#include <signal.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "sys/crypto.h"
#include "sys/keys_provider.h"

#define CHAIN_MAX 10 /* certificates beside the leaf */

/* RFC 9325 section 4.2 and 4.4: forward secrecy and AEAD only. */
static const char ciphers_12[] =
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
static const char ciphers_13[] =
	"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
	"TLS_AES_128_GCM_SHA256";
static const char groups[] = "X25519:P-256:P-384"; /* as in sys/signing.c */

/* What `keys` can sign ... */
static const char server_signatures[] =
	"ECDSA+SHA256:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
	"RSA+SHA256";
/* ... and what other servers may. */
static const char client_signatures[] =
	"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:"
	"RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";

static int context_index = -1; /* of our struct in the library's */

static void
free_context(void *parent, void *at, CRYPTO_EX_DATA *all, int index, long l,
	void *p)
{
	(void)parent, (void)all, (void)index, (void)l, (void)p;
	OPENSSL_free(at);
}

FALLIBLE
tls_start(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	TRY(crypto_start());
	TRY(keys_provider_start());
	tzset(); /* else the first certificate's times open a file */
	if (sigaction(SIGPIPE, &ignore, NULL) < 0)
		return &fault_sys_failed;
	if (context_index < 0)
		context_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL,
			free_context);
	return context_index >= 0 ? OK : &fault_tls_unavailable;
}

static bool
restrict_to_policy(SSL_CTX *ssl, const char *signatures)
{
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION |
			SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
			SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS |
			SSL_MODE_ENABLE_PARTIAL_WRITE |
			SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* one record a call: who sends nothing but key updates (RFC 8446
	 * section 4.6.3) waits for its turn like everybody else */
	SSL_CTX_clear_mode(ssl, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_security_level(ssl, 2);
	return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
		SSL_CTX_set_num_tickets(ssl, 0) == 1 &&
		SSL_CTX_set_cipher_list(ssl, ciphers_12) == 1 &&
		SSL_CTX_set_ciphersuites(ssl, ciphers_13) == 1 &&
		SSL_CTX_set1_groups_list(ssl, groups) == 1 &&
		SSL_CTX_set1_sigalgs_list(ssl, signatures) == 1;
}

static FALLIBLE
new_context(const SSL_METHOD *method, const char *signatures,
	struct tls_context **out)
{
	SSL_CTX *ssl = SSL_CTX_new(method);
	struct tls_context *c = OPENSSL_zalloc(sizeof *c);

	if (!ssl || !c || SSL_CTX_set_ex_data(ssl, context_index, c) != 1) {
		OPENSSL_free(c);
		SSL_CTX_free(ssl);
		return &fault_sys_failed;
	}
	c->ssl = ssl;
	if (!restrict_to_policy(ssl, signatures)) {
		tls_context_close(&c);
		return &fault_tls_unavailable;
	}
	*out = c;
	return OK;
}

void
tls_context_close(struct tls_context **c)
{
	if (*c)
		SSL_CTX_free((*c)->ssl); /* frees *c with it */
	*c = NULL;
}

/* Read the certificates of a PEM text; the first goes to *leaf, the others to
 * `rest`.  False when one does not parse or there are too many. */
static bool
read_chain(struct span pem, X509 **leaf, STACK_OF(X509) *rest)
{
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509 *x = NULL;
	int n = 0;
	bool good = in != NULL;

	ERR_clear_error();
	while (good && (x = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		if (n == 0)
			*leaf = x;
		else
			good = n <= CHAIN_MAX && sk_X509_push(rest, x) > 0;
		n++;
	}
	good = good && n > 0 &&
		ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	BIO_free(in);
	return good;
}

static FALLIBLE
use_certificate(SSL_CTX *ssl, X509 *leaf, STACK_OF(X509) *rest, uint32_t number)
{
	EVP_PKEY *key = NULL;
	bool good;

	TRY(keys_provider_key(X509_get0_pubkey(leaf), number, &key));
	good = SSL_CTX_use_certificate(ssl, leaf) == 1 &&
		SSL_CTX_set1_chain(ssl, rest) == 1 &&
		SSL_CTX_use_PrivateKey(ssl, key) == 1;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return good ? OK : &fault_tls_unavailable;
}

static FALLIBLE
use_chain(SSL_CTX *ssl, struct span pem, uint32_t number)
{
	STACK_OF(X509) *rest = sk_X509_new_null();
	X509 *leaf = NULL;
	const struct fault *f = &fault_tls_unavailable;

	if (rest && pem.len <= INT32_MAX && read_chain(pem, &leaf, rest))
		f = use_certificate(ssl, leaf, rest, number);
	X509_free(leaf);
	sk_X509_pop_free(rest, X509_free);
	return f;
}

/* Which of our names the client wants.  What it sent is compared with the
 * table and goes nowhere else; the library has refused names with NUL and of
 * more than 255 octets (RFC 6066 section 3). */
static int
choose_name(SSL *ssl, int *alert, void *arg)
{
	const struct tls_context *c = arg;
	struct tls *t = SSL_get_app_data(ssl);
	const char *wanted = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	for (size_t i = 0; wanted && i < c->names_count; i++) {
		if (!span_equals_nocase(span_of(wanted),
			    span_at(c->names[i], c->name_len[i])))
			continue;
		t->name = (int16_t)i;
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* RFC 7301 section 3.2.  A client that offers protocols but not ours has come
 * to the wrong service, perhaps because somebody sent it here. */
static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned in_len, void *arg)
{
	const struct tls_context *c = arg;
	struct span offers = span_at(in, in_len);

	(void)ssl;
	while (offers.len > 0) {
		size_t len = span_shift(&offers);
		struct span offer = span_shift_upto(&offers, len);

		if (c->protocol_len > 0 &&
			span_equals(offer,
				span_at(c->protocol, c->protocol_len))) {
			*out = offer.at;
			*out_len = (unsigned char)offer.len;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool
copy_service(struct tls_context *c, const struct tls_service *s)
{
	struct buf protocol = BUF(c->protocol);

	c->server = true;
	c->binding = s->binding;
	if (span_is_set(s->protocol) && !buf_put(&protocol, s->protocol))
		return false;
	c->protocol_len = protocol.len;
	if (s->names_count > TLS_NAMES_MAX)
		return false;
	for (size_t i = 0; i < s->names_count; i++) {
		struct buf name = BUF(c->names[i]);

		if (!buf_put(&name, s->names[i]))
			return false;
		c->name_len[i] = name.len;
	}
	c->names_count = s->names_count;
	return true;
}

static bool
trust(SSL_CTX *ssl, struct span pem)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509 *x;
	bool good = in && pem.len <= INT32_MAX;

	while (good && (x = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		good = X509_STORE_add_cert(store, x) == 1;
		X509_free(x);
	}
	ERR_clear_error();
	BIO_free(in);
	return good;
}

/* A client may show a certificate; one that nobody of `pem` vouches for ends the
 * handshake. */
static bool
ask_clients(SSL_CTX *ssl, struct span pem)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);
	STACK_OF(X509_OBJECT) *all;

	if (!trust(ssl, pem))
		return false;
	all = X509_STORE_get0_objects(store);
	for (int i = 0; i < sk_X509_OBJECT_num(all); i++)
		if (SSL_CTX_add_client_CA(ssl,
			    X509_OBJECT_get0_X509(
				    sk_X509_OBJECT_value(all, i))) != 1)
			return false;
	if (sk_X509_OBJECT_num(all) == 0)
		return false;
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	return true;
}

FALLIBLE
tls_context_server(const struct tls_service *s, struct tls_context **out)
{
	struct tls_context *c = NULL;
	const struct fault *f;

	TRY(new_context(TLS_server_method(), server_signatures, &c));
	f = copy_service(c, s) &&
			(!span_is_set(s->client_ca) ||
				ask_clients(c->ssl, s->client_ca))
		? use_chain(c->ssl, s->chain, s->key)
		: &fault_tls_unavailable;
	if (f) {
		tls_context_close(&c);
		return f;
	}
	SSL_CTX_set_tlsext_servername_callback(c->ssl, choose_name);
	SSL_CTX_set_tlsext_servername_arg(c->ssl, c);
	SSL_CTX_set_alpn_select_cb(c->ssl, choose_protocol, c);
	*out = c;
	return OK;
}

FALLIBLE
tls_context_client(bool verify, struct span ca, struct tls_context **out)
{
	struct tls_context *c = NULL;

	TRY(new_context(TLS_client_method(), client_signatures, &c));
	c->verify = verify;
	SSL_CTX_set_verify(c->ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
		NULL);
	if (span_is_set(ca) && !trust(c->ssl, ca)) {
		tls_context_close(&c);
		return &fault_tls_unavailable;
	}
	*out = c;
	return OK;
}
