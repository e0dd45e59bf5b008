/* signing.h -- the side that has the private keys: `keys` and nobody else.
 *
 * A key signs two kinds of text, both of a TLS server's handshake:
 *	TLS 1.3  CertificateVerify, RFC 8446 section 4.4.3
 *	TLS 1.2  ServerKeyExchange with ECDHE, RFC 8422 section 5.4
 * Anything else is refused, so that whoever has taken over a process that may
 * ask cannot have a certificate or a document signed.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "sys/keys.h"

struct signing_key;

/* While still root, with the keys read: no page of this process is written to
 * swap from now on.
 *
 * sys_failed  the limit on locked memory cannot be raised far enough; what is
 *             in memory now is locked, if that was possible, later pages are
 *             not */
FALLIBLE signing_lock(void);

/* Read one unencrypted private key in PEM: EC P-256, RSA of 2048 to 4096 bits
 * or Ed25519.  `pem` is the caller's to wipe; crypto_start comes first.
 *
 * key_unusable  no such key */
FALLIBLE signing_open(struct span pem, struct signing_key **out);

/* Wipe and forget; accepts NULL, sets *k to NULL. */
void signing_close(struct signing_key **k);

/* The first octets of the SHA-256 of the key's SubjectPublicKeyInfo, by which
 * a question names it. */
void signing_half(const struct signing_key *k, uint8_t half[KEY_HALF]);

/* What a signature costs, in signatures of P-256 and rounded in favour of who
 * asks: 1, for RSA of 2,048 bits 8, of 4,096 bits 32. */
uint32_t signing_cost(const struct signing_key *k);

/* Append the signature of `text` to `out`, which has room for
 * SIGN_OUTPUT_MAX octets.
 *
 * key_refused  the algorithm is not one of this kind of key, or `text` is not
 *              what a TLS server signs */
FALLIBLE signing_sign(const struct signing_key *k, uint32_t algorithm,
	struct span text, struct buf *out);

/* Has `text` one of the two shapes? */
bool signing_is_handshake(struct span text);

/* The same for a whole question; refuses lengths that are out of range. */
void signing_answer(const struct signing_key *k, const struct sign_request *ask,
	struct sign_answer *answer);
