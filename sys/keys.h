/* keys.h -- private keys that are somewhere else.
 *
 * A process that speaks TLS to strangers holds the number and the public half
 * of a key only.  OpenSSL believes that the key is here; its provider
 * "posthold" (sys/keys_provider.c) turns each signature into one question to
 * the process `keys` and waits for the answer.
 *
 * The question carries what TLS signs, not its digest: `keys` looks whether it
 * has the shape of a TLS handshake (sys/signing.h) and signs nothing else.  A
 * process that has been taken over can end handshakes while it lives; it can
 * neither take the key away nor sign a certificate, a message or a document.
 */
#pragma once

#include "lib/base/buf.h"
#include "sys/channel.h"

/* How long a handshake waits for a signature: microseconds. */
#define KEYS_WAIT_US SECONDS(1)

/* The numbers of keys.  Which role may use one: proc/keys/main.c. */
enum key_number {
	KEY_HOST, /* the private half of the site's certificate */
	KEY_NUMBERS
};

/* Values of TLS SignatureScheme, RFC 8446 section 4.2.3. */
enum sign_algorithm {
	SIGN_RSA_PKCS1_SHA256 = 0x0401,
	SIGN_ECDSA_P256_SHA256 = 0x0403,
	SIGN_RSA_PSS_SHA256 = 0x0804,
	SIGN_RSA_PSS_SHA384 = 0x0805,
	SIGN_RSA_PSS_SHA512 = 0x0806,
	SIGN_ED25519 = 0x0807,
};

/* Answer one question; the fault is in the answer. */
typedef void keys_call(void *owner, const struct sign_request *ask,
	struct sign_answer *answer);

/* Who answers from now on; NULL: nobody, handshakes fail. */
void keys_use(keys_call *call, void *owner);

/* The usual one: `owner` is a struct channel ** to `keys`, read at each call
 * because the channel is another after a restart. */
keys_call keys_over_channel;

/* A key: its number, and which of that number, for a site that renews its
 * certificate has two for a moment. */
struct key_name {
	uint32_t number;
	uint8_t half[KEY_HALF];
};

/* Append the signature of `text` by key `name` to `out`.
 *
 * ipc_closed, ipc_busy  nobody answered, or not in KEYS_WAIT_US
 * key_refused           `keys` does not sign that for us */
FALLIBLE keys_sign(const struct key_name *name, uint32_t algorithm,
	struct span text, struct buf *out);

/* For struct handlers: an answer that came after its question had been given
 * up.  Nobody waits for it. */
on_message keys_late_answer;
