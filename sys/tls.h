/* tls.h -- TLS 1.2 and 1.3 over a descriptor that never blocks.
 *
 * Once per process, before the sandbox:
 *	tls_start();  keys_use(...);                    (servers; sys/keys.h)
 *	tls_context_server(&service, &context);         (or _client)
 * For each connection:
 *	tls_accept_start(&t, context, fd);              (or tls_connect_start)
 *	tls_step(&t)  until TLS_DONE                    the handshake
 *	tls_read(&t, &in), tls_write(&t, &out)
 *	tls_close(&t) until not TLS_WANT_WRITE          says close_notify
 *	tls_done(&t)
 *
 * Nothing here calls back.  A call does what it can and says why it stopped;
 * on TLS_WANT_READ or TLS_WANT_WRITE call the same function again when the
 * descriptor is ready for that.  Deadlines are the caller's.  The descriptor
 * stays the caller's and is not closed.  The process ignores SIGPIPE from
 * tls_start on.
 *
 * What is offered is fixed (NC-2.1.4, RFC 9325): TLS 1.2 with ECDHE and AEAD,
 * TLS 1.3 preferred; no renegotiation, compression, early data, tickets or
 * other resumption, so nothing of one service can be accepted by another.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/base/span.h"

/* Load the library and the provider of sys/keys.h.  crypto_start is included.
 *
 * tls_unavailable  the library lacks something that we need */
FALLIBLE tls_start(void);

/* What one service offers, or what our client side demands; shared by all its
 * connections.  It may be closed while they last: the library counts. */
struct tls_context;

struct tls_service {
	struct span chain;   /* PEM: the certificate, then its issuers      */
	uint32_t key;        /* number of its private key in `keys`         */
	struct span protocol; /* ALPN identifier ("imap"); SPAN_NONE: none is
			      * registered, any offer is refused            */
	const struct span *names; /* host names for SNI, lower case; copied */
	size_t names_count;       /* 0 to TLS_NAMES_MAX                     */
	bool binding;        /* refuse TLS 1.2 without extended master secret
			      * (RFC 7627): logins bind to the channel      */
	struct span client_ca; /* PEM: clients may show a certificate of these,
				* and no other; SPAN_NONE: none is asked for */
};

#define TLS_NAMES_MAX 16

/* tls_unavailable  the chain does not parse or names an unusable kind of key
 *                  (usable: EC P-256, RSA 2048 to 4096, Ed25519) */
FALLIBLE tls_context_server(const struct tls_service *s,
	struct tls_context **out);

/* verify  true: the chain must lead to a certificate of `ca` and bear the name
 *         given to tls_connect_start; false: any certificate is taken, and
 *         tls_info still says whether it would have passed
 * ca      PEM certificates; SPAN_NONE trusts nobody */
FALLIBLE tls_context_client(bool verify, struct span ca,
	struct tls_context **out);

/* Accepts NULL; sets *c to NULL. */
void tls_context_close(struct tls_context **c);

enum tls_status {
	TLS_DONE,       /* handshake complete; octets moved; close said     */
	TLS_WANT_READ,
	TLS_WANT_WRITE,
	TLS_CLOSED,     /* the peer said close_notify: a true end           */
	TLS_CUT,        /* the stream ended without one: what came before may
			 * be incomplete, never act on it                   */
	TLS_BROKEN,     /* the peer broke TLS, or refused us; close         */
};

/* One connection; storage of the caller's, zero when not in use, which stays
 * where it is from start to tls_done. */
struct tls {
	struct ssl_st *ssl;
	const struct tls_context *context;
	const char *reason; /* after TLS_CUT, TLS_BROKEN: static text       */
	int16_t name;       /* index into names that SNI chose, -1: none    */
	bool ended;         /* no further call will succeed                 */
};

/* sys_failed  no memory */
FALLIBLE tls_accept_start(struct tls *t, const struct tls_context *c, int fd);

/* host  whose certificate is expected; sent as SNI unless it is an address
 *       literal.  1 to 255 octets.
 *
 * tls_failed  `host` is no host name */
FALLIBLE tls_connect_start(struct tls *t, const struct tls_context *c, int fd,
	struct span host);

/* Go on with the handshake; TLS_DONE when it is complete.  A server's handshake
 * waits inside for `keys` to sign, KEYS_WAIT_US at the longest. */
enum tls_status tls_step(struct tls *t);

/* Append what has arrived to `in`, which must have room.  TLS_DONE: at least
 * one octet came.  TLS_WANT_READ: none came, though more records may be at the
 * descriptor: watch it by level, not by edge.  After TLS_DONE octets may already
 * be here that no descriptor tells of (tls_has_pending). */
enum tls_status tls_read(struct tls *t, struct buf *in);
bool tls_has_pending(const struct tls *t);

/* Send from the front of `out`, shortening it by what was taken.  TLS_DONE: at
 * least one octet was.  After a TLS_WANT the next call must offer the same
 * octets again (at another place if need be, more may follow them). */
enum tls_status tls_write(struct tls *t, struct span *out);

/* Say that nothing follows (close_notify).  Reading may go on. */
enum tls_status tls_close(struct tls *t);

/* Forget the connection.  Accepts a zero or finished one. */
void tls_done(struct tls *t);

struct tls_info {
	uint16_t version;         /* 0x0303 or 0x0304                       */
	uint16_t cipher;          /* code point of the cipher suite         */
	const char *version_name; /* "TLSv1.3", static                      */
	const char *cipher_name;  /* "TLS_AES_256_GCM_SHA384", static       */
	const char *group_name;   /* key exchange, "x25519"; static         */
	int bits;                 /* strength of the cipher                 */
	bool protocol_agreed;     /* by ALPN                                */
	bool verified;            /* client: chain and name are good        */
	bool extended_master;     /* RFC 7627; always with TLS 1.3          */
};

/* After the handshake. */
void tls_info(const struct tls *t, struct tls_info *out);

#define TLS_BINDING_MAX 64

/* SHA-256 of the client's certificate; false when it showed none that an
 * authority of client_ca vouches for. */
bool tls_client_certificate(const struct tls *t, uint8_t out[32]);

/* SHA-256 of the SubjectPublicKeyInfo of the peer's certificate, as a TLSA
 * record 3 1 1 has it (RFC 6698 section 2.1).
 *
 * tls_failed  it has none */
FALLIBLE tls_peer_key(const struct tls *t, uint8_t out[32]);

/* Channel bindings, appended to `out` (room for TLS_BINDING_MAX):
 * tls-exporter, RFC 9266, and tls-server-end-point, RFC 5929 section 4.
 *
 * tls_failed  the connection has none: TLS 1.2 without extended master secret,
 *             or no server certificate */
FALLIBLE tls_exporter(const struct tls *t, struct buf *out);
FALLIBLE tls_server_end_point(const struct tls *t, struct buf *out);
