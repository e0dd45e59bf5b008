/* x509.h -- make keys, certificate requests and certificates.
 *
 * For the operator's command (a request to send to an authority, an authority
 * of the demo's own) and for tests.  All texts are PEM, RFC 7468, appended to
 * the caller's buf; X509_PEM_MAX octets of room suffice.  crypto_start comes
 * first.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/base/time.h"

#define X509_PEM_MAX   8192
#define X509_NAMES_MAX 8

enum x509_key { X509_EC_P256, X509_ED25519, X509_RSA_2048 };

/* A new private key, PKCS #8 without password. */
FALLIBLE x509_make_key(enum x509_key kind, struct buf *pem);

/* Who a certificate is for and how long.
 *
 * names  host names or address literals; the first is the subject too.  1 to
 *        X509_NAMES_MAX, each 1 to 255 octets of letters, digits, "-", "."
 *        and ":"
 *
 * A name of another form gives key_unusable from all functions below, as does
 * a key or certificate that does not parse or does not belong to the other. */
struct x509_subject {
	const struct span *names;
	size_t names_count;
	struct instant from, until;
};

/* A certificate request, PKCS #10 (RFC 2986); the period is not looked at. */
FALLIBLE x509_make_request(struct span key, const struct x509_subject *s,
	struct buf *pem);

/* An authority's own certificate; the first name is its common name. */
FALLIBLE x509_make_authority(struct span key, const struct x509_subject *s,
	struct buf *pem);

/* A server's certificate for the public half of `key`, by an authority. */
FALLIBLE x509_make_certificate(struct span authority_key,
	struct span authority, struct span key, const struct x509_subject *s,
	struct buf *pem);

/* When a certificate (the first of a chain) ceases to be valid, and whether it is
 * for this host (RFC 6125). */
FALLIBLE x509_expires(struct span pem, struct instant *out);
FALLIBLE x509_is_for(struct span pem, struct span host, bool *out);

/* SHA-256 of the first certificate of a PEM text: what a client's is known by. */
FALLIBLE x509_hash(struct span pem, uint8_t out[32]);
