/* server.h -- an SMTP server session, RFC 5321: the one engine for mail
 * from other servers (25) and from users (465, 587).
 *
 * It reads commands and writes replies.  It knows no mailbox and no socket;
 * what it needs it asks its host for, one thing at a time:
 *
 *	smtp_server_init(s, &profile);
 *	for (;;)
 *		switch (smtp_run(s, &in)) {
 *		case SMTP_READ:  wait for octets from the client, put them in `in`
 *		case SMTP_WRITE: send smtp_output(s), then smtp_sent(s, n)
 *		case SMTP_ASK:   do what s->ask says, then call one answer
 *		case SMTP_CLOSE: send smtp_output(s), close
 *		}
 *
 * The host sends smtp_output() before it waits, whichever turn it was.  Until
 * an answer comes no octet is taken, so replies keep the order of commands
 * (RFC 2920).  Exactly one answer per ask: smtp_answer, or the one that the
 * ask's comment names.
 */
#pragma once

#include "lib/mail/address.h"
#include "lib/mail/notify.h"
#include "lib/smtp/data.h"
#include "lib/smtp/line.h"

#define SMTP_HELO_MAX      255
#define SMTP_BLOB_MAX      1024 /* octets of a SASL message of the client  */
#define SMTP_CHALLENGE_MAX 512  /* of the server: a nonce and little more  */
#define SMTP_OUTPUT_MAX    1200 /* room for any one reply is kept          */
#define SMTP_ECHO_MAX      160  /* octets of a reply to the end of data    */
#define SMTP_BAD_MAX       5    /* bad commands in a session, NC-2.2.c     */
#define SMTP_IDLE_MAX      100  /* that lead nowhere, between messages     */
#define SMTP_DRAIN_MAX     2    /* times max_message are read, to tell so  */
#define SMTP_REFUSED_MAX   10   /* recipients refused for good, AU-D01     */

/* What the service is; borrowed for the session's life. */
struct smtp_profile {
	struct span host;       /* announced                               */
	bool submission;        /* users: login demanded, AUTH offered     */
	bool burns;          /* SMTP_ASK_BURN: AUTH in clear, whatever is offered */
	bool lmtp;              /* RFC 2033: LHLO, and at the end of data a
				 * reply for each accepted recipient       */
	bool tls_from_start;    /* 465                                     */
	bool tls_offered;       /* STARTTLS works                          */
	uint64_t max_message;   /* octets, announced as SIZE (RFC 1870)    */
	uint32_t max_rcpts;     /* at least 100, RFC 5321 section 4.5.3.1.8 */
	uint32_t max_messages;  /* in one session                          */
};

enum smtp_turn { SMTP_READ, SMTP_WRITE, SMTP_ASK, SMTP_CLOSE };

enum smtp_ask_verb {
	/* The client shakes hands next: octets of the stream that have been
	 * read but not taken make that impossible.  Send the output first: it
	 * tells the client to begin.  Answer: smtp_secured, or smtp_answer with
	 * a fault when TLS cannot start, which ends the session. */
	SMTP_ASK_TLS,
	/* mechanism, has_blob, blob.  Answer: smtp_challenge, smtp_login_done */
	SMTP_ASK_LOGIN,
	SMTP_ASK_LOGIN_STEP, /* blob */
	SMTP_ASK_LOGIN_DROP, /* the client gave up.  Answer: smtp_answer    */
	/* a credential was sent in clear and not looked at (NC-2.1.4); blob of
	 * PLAIN, empty when it was another or none */
	SMTP_ASK_BURN,
	/* path (unset: null sender), size (0: not said), utf8, ret, envid */
	SMTP_ASK_MAIL,
	/* path, or `postmaster` without a domain; notify, orcpt */
	SMTP_ASK_RCPT,
	/* make room for a message, of which the sizes are said if it comes
	 * `chunked`.  If not, octets that are here already came without waiting
	 * for 354: answer data_pipelined, which ends the session. */
	SMTP_ASK_BODY,
	/* `octets`, valid during the ask: take them now, answer now.  After a
	 * fault the rest is read and dropped. */
	SMTP_ASK_OCTETS,
	/* that was all: check and keep it; eight_bit.  Answer: smtp_kept, or
	 * smtp_answer with a fault */
	SMTP_ASK_KEEP,
	/* forget the transaction: sender, recipients, body */
	SMTP_ASK_FORGET,
};

enum smtp_mechanism { SMTP_PLAIN, SMTP_SCRAM_SHA_256, SMTP_SCRAM_SHA_256_PLUS,
	SMTP_EXTERNAL };

/* What the host is asked for; borrowed from the session until the answer. */
struct smtp_ask {
	enum smtp_ask_verb verb;
	enum smtp_mechanism mechanism;
	bool has_blob;
	struct span blob;
	struct span path; /* as written, without brackets; SPAN_NONE: <>    */
	struct address address;
	bool postmaster;
	uint64_t size;
	bool utf8, chunked;
	bool eight_bit; /* an octet is, whatever BODY said (RFC 6152)  */
	enum dsn_return ret;
	unsigned notify;
	struct span envid, orcpt; /* as written; SPAN_NONE: not said   */
	struct span octets;
};

/* All that one mail transaction is (RFC 5321 section 3.3).  txn_reset writes
 * the initial value of the whole of it; nothing else ends a transaction. */
struct smtp_txn {
	uint32_t rcpts;     /* accepted                                  */
	uint64_t received;  /* octets of the message                     */
	bool utf8;          /* MAIL said SMTPUTF8                        */
	bool eight_bit;     /* an octet of the message is                */
	const struct fault *failed; /* why the message cannot be kept     */
	struct data_reader data;
};

enum smtp_state {
	SMTP_CONNECTED, /* no EHLO yet, or none since TLS began */
	SMTP_READY,
	SMTP_HAS_SENDER,
	SMTP_HAS_RCPT,
	SMTP_HAS_CHUNKS, /* of the message, not the last */
	SMTP_IN_DATA,
	SMTP_IN_CHUNK,
	SMTP_IN_AUTH, /* the next line is a SASL response */
	SMTP_OVER,
	SMTP_STATES
};

/* The octets of one BDAT.  They are read whatever becomes of them, for the next
 * command stands behind them (RFC 3030 section 2). */
struct smtp_chunk {
	uint64_t size, left;
	bool last;
	const struct fault *refused; /* none of them is part of the message   */
	enum smtp_state back;        /* the state that the command came in    */
};

struct smtp_server {
	const struct smtp_profile *profile;
	enum smtp_state state, next; /* next: after the ask succeeded        */
	bool secured, logged_in, binding, extended, certified, listed, asking, last_word;
	/* The client must wait for the answer to DATA and STARTTLS (RFC 2920
	 * section 3.1, RFC 3207 section 4.2): octets that came behind the line
	 * would be taken for something they are not. */
	bool more;
	uint8_t bad, refused, idle;
	uint32_t messages, lines; /* of the session so far */
	uint32_t echoes; /* LMTP: so often more the reply is said */
	size_t echo_len;
	struct smtp_txn txn;
	struct smtp_chunk chunk;
	struct smtp_ask ask;
	size_t helo_len;
	struct buf out;
	struct line_reader line;
	uint8_t helo[SMTP_HELO_MAX];
	uint8_t echo[SMTP_ECHO_MAX];
	uint8_t out_storage[SMTP_OUTPUT_MAX];
};

/* The greeting is in the output afterwards, unless TLS comes first: then it is
 * after smtp_secured. */
void smtp_server_init(struct smtp_server *s, const struct smtp_profile *p);

/* Go on until the host has to do something; `in` is shortened by what was
 * used. */
enum smtp_turn smtp_run(struct smtp_server *s, struct span *in);

/* The name of verb number `i` of the table of commands, NULL behind the last:
 * whoever reads it knows all that a session obeys. */
const char *smtp_verb(size_t i);

struct span smtp_output(const struct smtp_server *s);
void smtp_sent(struct smtp_server *s, size_t n);

/* f OK: done, the session goes on in its next state.  A fault: it is what the
 * client reads, and the state stays. */
void smtp_answer(struct smtp_server *s, const struct fault *f);

/* TLS is up; `binding`: the connection has a tls-exporter (RFC 9266). */
void smtp_secured(struct smtp_server *s, bool binding);

/* After it: the client has a certificate to log in with; it may send mail without
 * a login, for it is a listed host. */
void smtp_certified(struct smtp_server *s);
void smtp_listed(struct smtp_server *s);

void smtp_challenge(struct smtp_server *s, struct span blob);

/* last  the server's last SASL message, SPAN_NONE if there is none */
void smtp_login_done(struct smtp_server *s, const struct fault *f,
	struct span last);

/* The message is on the disk; `id` is what the client can quote. */
void smtp_kept(struct smtp_server *s, struct span id);

/* Say "421 ..." and end: timeouts, stopping. */
void smtp_bye(struct smtp_server *s, const struct fault *f);

/* What the client called itself; empty before EHLO. */
struct span smtp_helo(const struct smtp_server *s);

/* "ESMTPSA", "UTF8SMTP" and the like for Received, RFC 3848 and RFC 6531. */
struct span smtp_protocol(const struct smtp_server *s);
