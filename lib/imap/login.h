/* login.h -- IMAP before login, inside TLS: RFC 3501 section 3.1.
 *
 * CAPABILITY, NOOP, LOGOUT, ID, LOGIN and AUTHENTICATE; nothing else, and
 * little memory for a stranger.  The host carries the SASL exchange to whoever
 * knows the passwords:
 *
 *	imap_login_init(l, &setup);
 *	for (;;)
 *		switch (imap_login_run(l, &in)) {
 *		case LOGIN_READ:  wait for octets
 *		case LOGIN_ASK:   do what l->ask says, then call one of
 *		                  imap_login_challenge, _success, _failure
 *		case LOGIN_DONE:  the session begins; `in` belongs to it
 *		case LOGIN_CLOSE: close
 *		}
 *
 * The host sends imap_login_output() before it waits, whichever turn it was;
 * the output always has room for all that one turn can write.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/imap/frame.h"

#define LOGIN_COMMAND_MAX 8192 /* octets of a command with its literals    */
#define LOGIN_BLOB_MAX    1024 /* octets of a SASL message, decoded        */
#define LOGIN_OUTPUT_MAX  4096
#define LOGIN_BAD_MAX     5    /* commands refused before the stream ends  */

enum login_mechanism {
	LOGIN_PLAIN,
	LOGIN_SCRAM_SHA_256,
	LOGIN_SCRAM_SHA_256_PLUS,
	LOGIN_EXTERNAL,
};

enum login_turn { LOGIN_READ, LOGIN_ASK, LOGIN_DONE, LOGIN_CLOSE };

enum login_what { LOGIN_START, LOGIN_RESPONSE };

struct login_ask {
	enum login_what what;
	enum login_mechanism mechanism;
	bool has_blob;     /* LOGIN_START: an initial response came     */
	struct span blob;  /* decoded; borrowed until the answer        */
};

struct login_setup {
	unsigned permits;   /* of the session: enum imap_permit          */
	bool binding;       /* tls-exporter is there: SCRAM-SHA-256-PLUS */
	bool scram;         /* the site offers SCRAM at all              */
	bool certified;     /* the client has a certificate: EXTERNAL    */
};

struct imap_login {
	struct login_setup setup;
	struct frame frame;
	enum { LOGIN_COMMANDS, LOGIN_IN_SASL, LOGIN_LAST_WORD, LOGIN_IN,
		LOGIN_OVER } state;
	bool asking;
	struct login_ask ask;
	unsigned bad;
	size_t tag_len;
	uint8_t tag[64];
	struct buf blob, out;
	uint8_t blob_storage[LOGIN_BLOB_MAX];
	uint8_t out_storage[LOGIN_OUTPUT_MAX];
	uint8_t frame_storage[LOGIN_COMMAND_MAX];
};

/* The greeting is in the output afterwards. */
void imap_login_init(struct imap_login *l, const struct login_setup *setup);

enum login_turn imap_login_run(struct imap_login *l, struct span *in);

/* What the client is to get; imap_login_sent forgets the first `n` octets. */
struct span imap_login_output(const struct imap_login *l);
void imap_login_sent(struct imap_login *l, size_t n);

/* The server's next SASL message, at most LOGIN_BLOB_MAX octets. */
void imap_login_challenge(struct imap_login *l, struct span blob);

/* The client is who it says.  `last` is the server's last message, SCRAM's
 * "v=", or SPAN_NONE; it goes out as a challenge with an empty response, and
 * any other response ends the stream: nobody logs in twice. */
void imap_login_success(struct imap_login *l, struct span last);

/* It is not, or could not be asked: the words depend on the blame only. */
void imap_login_failure(struct imap_login *l, const struct fault *f);

/* Say "* BYE text" and end, for timeouts and shutdown. */
void imap_login_bye(struct imap_login *l, const char *text);
