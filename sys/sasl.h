/* sasl.h -- the server's side of a SASL exchange (GNU SASL): PLAIN (RFC 4616),
 * SCRAM-SHA-256 and -PLUS (RFC 5802, RFC 7677) with tls-exporter (RFC 9266).
 *
 * EXTERNAL (RFC 4422 appendix A) proves nothing here: the caller knows by the
 * channel who it is, and compares with the name that the client gave or left out.
 *
 * Nothing is decided here about PLAIN: the exchange gives name and password,
 * and the caller compares.  SCRAM is decided here, from the keys that the
 * caller finds for a name; a caller gives keys for unknown names too.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "sys/scram.h"
#include "trust/messages.h"

/* Before the sandbox. */
FALLIBLE sasl_start(void);

/* The keys of a login; always fills *out. */
typedef void sasl_find_keys(void *owner, struct span login,
	struct scram_keys *out);

struct sasl;

/* exporter  channel binding octets, empty: none (then no -PLUS); copied
 *
 * auth_mechanism  it is not offered */
FALLIBLE sasl_open(enum sasl_mechanism mechanism, struct span exporter,
	sasl_find_keys *find, void *owner, struct sasl **out);

enum sasl_turn {
	SASL_CHALLENGED, /* `out` is the next message to the client       */
	SASL_PROVEN,     /* EXTERNAL: it was said; SCRAM: the client knows the
			  * password; `out` is
			  * the server's last message                      */
	SASL_COMPARE,    /* PLAIN: compare sasl_password                   */
	SASL_REFUSED,    /* not a legal message, or not proven             */
};

/* One message of the client; has_in false: none came with the start. */
enum sasl_turn sasl_turn(struct sasl *s, bool has_in, struct span in,
	struct buf *out);

/* Of a proven exchange or one to compare; valid until sasl_close.  Empty: the
 * client asked to act as somebody else, which nobody may. */
struct span sasl_login(const struct sasl *s);
struct span sasl_password(const struct sasl *s);

/* The name that the client gave so far, proven or not: for the log. */
struct span sasl_claimed(const struct sasl *s);

/* Wipes; accepts NULL, sets *s to NULL. */
void sasl_close(struct sasl **s);
