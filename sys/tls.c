#include "sys/tls.h"

#include <arpa/inet.h>
#include <errno.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "sys/crypto.h"
#include "sys/tls_context.h"

/* More than any honest handshake sends; a peer that sends it in records of one
 * octet gains nothing. */
#define HANDSHAKE_OCTETS_MAX KiB(64)

static const char cut_reason[] = "ended without close_notify";

static enum tls_status
stop(struct tls *t, enum tls_status status, const char *reason)
{
	t->ended = true;
	t->reason = reason;
	ERR_clear_error();
	return status;
}

/* What the last call to the library, which returned `result`, means. */
static enum tls_status
judge(struct tls *t, int result)
{
	unsigned long error = ERR_peek_error();
	const char *text = ERR_reason_error_string(error);

	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_CLOSED;
	case SSL_ERROR_SYSCALL:
		return stop(t, TLS_CUT, cut_reason);
	default:
		break;
	}
	if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return stop(t, TLS_CUT, cut_reason);
	return stop(t, TLS_BROKEN, text ? text : "unknown");
}

static FALLIBLE
start(struct tls *t, const struct tls_context *c, int fd)
{
	SSL *ssl = SSL_new(c->ssl);

	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		ERR_clear_error();
		return &fault_sys_failed;
	}
	*t = (struct tls){ .ssl = ssl, .context = c, .name = -1 };
	SSL_set_app_data(ssl, t);
	return OK;
}

FALLIBLE
tls_accept_start(struct tls *t, const struct tls_context *c, int fd)
{
	MUST(c->server);
	TRY(start(t, c, fd));
	SSL_set_accept_state(t->ssl);
	return OK;
}

static bool
is_literal(const char *host)
{
	uint8_t room[16];

	return inet_pton(AF_INET, host, room) == 1 ||
		inet_pton(AF_INET6, host, room) == 1;
}

static bool
expect(SSL *ssl, const char *host)
{
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
			X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (is_literal(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
			       host) == 1;
	return SSL_set1_host(ssl, host) == 1 &&
		SSL_set_tlsext_host_name(ssl, host) == 1;
}

FALLIBLE
tls_connect_start(struct tls *t, const struct tls_context *c, int fd,
	struct span host)
{
	char name[256] = { 0 };

	MUST(!c->server);
	if (host.len == 0 || host.len >= sizeof name ||
		span_find_octet(host, 0) < host.len)
		return &fault_tls_failed;
	memcpy(name, host.at, host.len);
	TRY(start(t, c, fd));
	SSL_set_connect_state(t->ssl);
	if (!expect(t->ssl, name)) {
		tls_done(t);
		return &fault_tls_failed;
	}
	return OK;
}

static bool
lacks_binding(const struct tls *t)
{
	return t->context->binding &&
		SSL_version(t->ssl) < TLS1_3_VERSION &&
		SSL_get_extms_support(t->ssl) != 1;
}

enum tls_status
tls_step(struct tls *t)
{
	enum tls_status status;

	if (t->ended)
		return TLS_BROKEN;
	ERR_clear_error();
	status = judge(t, SSL_do_handshake(t->ssl));
	if (status == TLS_DONE && lacks_binding(t))
		return stop(t, TLS_BROKEN, "no extended master secret");
	if (status != TLS_DONE &&
		BIO_number_read(SSL_get_rbio(t->ssl)) > HANDSHAKE_OCTETS_MAX)
		return stop(t, TLS_BROKEN, "handshake too long");
	return status;
}

enum tls_status
tls_read(struct tls *t, struct buf *in)
{
	enum tls_status status;
	size_t n = 0;

	if (t->ended)
		return TLS_BROKEN;
	MUST(buf_room(in) > 0);
	ERR_clear_error();
	status = judge(t, SSL_read_ex(t->ssl, in->at + in->len, buf_room(in),
				  &n));
	in->len += n;
	return status;
}

bool
tls_has_pending(const struct tls *t)
{
	return t->ssl && SSL_has_pending(t->ssl);
}

enum tls_status
tls_write(struct tls *t, struct span *out)
{
	enum tls_status status;
	size_t n = 0;

	if (t->ended)
		return TLS_BROKEN;
	MUST(out->len > 0);
	ERR_clear_error();
	status = judge(t, SSL_write_ex(t->ssl, out->at, out->len, &n));
	span_shift_upto(out, n);
	return status;
}

enum tls_status
tls_close(struct tls *t)
{
	int result;

	if (t->ended || !SSL_is_init_finished(t->ssl))
		return TLS_BROKEN;
	ERR_clear_error();
	result = SSL_shutdown(t->ssl);
	return result >= 0 ? TLS_DONE : judge(t, result);
}

void
tls_done(struct tls *t)
{
	SSL_free(t->ssl);
	*t = (struct tls){ 0 };
}

void
tls_info(const struct tls *t, struct tls_info *out)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(t->ssl);
	const unsigned char *protocol = NULL;
	unsigned protocol_len = 0;
	int group = (int)SSL_get_negotiated_group(t->ssl);

	SSL_get0_alpn_selected(t->ssl, &protocol, &protocol_len);
	*out = (struct tls_info){
		.version = (uint16_t)SSL_version(t->ssl),
		.cipher = SSL_CIPHER_get_protocol_id(cipher),
		.version_name = SSL_get_version(t->ssl),
		.cipher_name = SSL_CIPHER_get_name(cipher),
		.group_name = OBJ_nid2sn(group),
		.bits = SSL_CIPHER_get_bits(cipher, NULL),
		.protocol_agreed = protocol_len > 0,
		.verified = !t->context->server &&
			SSL_get0_peer_certificate(t->ssl) &&
			SSL_get_verify_result(t->ssl) == X509_V_OK,
		.extended_master = SSL_version(t->ssl) >= TLS1_3_VERSION ||
			SSL_get_extms_support(t->ssl) == 1,
	};
}

FALLIBLE
tls_peer_key(const struct tls *t, uint8_t out[32])
{
	X509 *x = SSL_get0_peer_certificate(t->ssl);
	unsigned char *der = NULL;
	int len = x ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) : -1;

	if (len <= 0)
		return &fault_tls_failed;
	sha256(span_at(der, (size_t)len), out);
	OPENSSL_free(der);
	return OK;
}

FALLIBLE
tls_exporter(const struct tls *t, struct buf *out)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	uint8_t octets[32];

	/* without it two connections can be made to share the value, RFC 9266
	 * section 4.2 */
	if (SSL_version(t->ssl) < TLS1_3_VERSION &&
		SSL_get_extms_support(t->ssl) != 1)
		return &fault_tls_failed;
	if (SSL_export_keying_material(t->ssl, octets, sizeof octets, label,
		    sizeof label - 1, (const uint8_t *)"", 0, 1) != 1)
		return &fault_tls_failed;
	return buf_put(out, span_at(octets, sizeof octets)) ? OK
							    : &fault_tls_failed;
}

/* RFC 5929 section 4.1: the hash of the certificate's own signature, SHA-256
 * in place of MD5 and SHA-1. */
static const EVP_MD *
binding_digest(X509 *x)
{
	int digest = NID_undef;

	if (X509_get_signature_info(x, &digest, NULL, NULL, NULL) != 1)
		return NULL;
	if (digest == NID_md5 || digest == NID_sha1)
		digest = NID_sha256;
	return EVP_get_digestbynid(digest);
}

FALLIBLE
tls_server_end_point(const struct tls *t, struct buf *out)
{
	X509 *x = t->context->server ? SSL_get_certificate(t->ssl)
				     : SSL_get0_peer_certificate(t->ssl);
	const EVP_MD *digest = x ? binding_digest(x) : NULL;
	uint8_t octets[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!digest || X509_digest(x, digest, octets, &len) != 1 ||
		!buf_put(out, span_at(octets, len)))
		return &fault_tls_failed;
	return OK;
}

bool
tls_client_certificate(const struct tls *t, uint8_t out[32])
{
	X509 *x = t ? SSL_get0_peer_certificate(t->ssl) : NULL;
	unsigned len = 0;

	return x && SSL_get_verify_result(t->ssl) == X509_V_OK &&
		X509_digest(x, EVP_sha256(), out, &len) == 1 && len == 32;
}
