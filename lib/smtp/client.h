/* client.h -- an SMTP client session, RFC 5321: hands messages to one server,
 * one after the other over one connection.
 *
 *	smtp_client_init(c, &setup);
 *	for (;;)
 *		switch (smtp_client_run(c, &in)) {
 *		case CLIENT_READ:   wait for octets of the server
 *		case CLIENT_WRITE:  send smtp_client_output(c), smtp_client_sent(c, n)
 *		case CLIENT_ASK:    do what c->ask says, then call its answer
 *		case CLIENT_CLOSE:  send the output, close
 *		}
 *
 * The host sends the output before it waits, whichever turn it was.  When the
 * connection ends by itself it calls smtp_client_lost, and runs until
 * CLIENT_CLOSE: every recipient of the job gets its result.
 *
 * What the peer offers is used: PIPELINING, SIZE, 8BITMIME, SMTPUTF8, CHUNKING
 * (the message as one counted chunk), DSN.  A message that needs what the peer
 * does not offer is refused for good, because it is not to be changed.
 */
#pragma once

#include "lib/mail/notify.h"
#include "lib/smtp/response.h"
#include "lib/smtp/stuff.h"

#define CLIENT_RCPTS_MAX  1000
#define CLIENT_OUTPUT_MAX 16384

enum client_tls {
	CLIENT_TLS_OPPORTUNISTIC, /* when it is offered            */
	CLIENT_TLS_REQUIRED,      /* or the message is deferred    */
	CLIENT_TLS_NONE,          /* not even when it is offered   */
};

struct client_setup {
	struct span host; /* what we call ourselves; borrowed */
	/* the message of SASL PLAIN (RFC 4616), borrowed; empty: no login.  It
	 * is said under TLS or not at all (NC-2.1.4). */
	struct span login;
	enum client_tls tls;
	bool lmtp; /* RFC 2033: LHLO, and at the end of data a reply for each
		    * recipient that was accepted */
};

struct client_rcpt {
	struct span address;
	unsigned notify;   /* 0: not said */
	struct span orcpt; /* empty: not said */
};

/* One message; borrowed until CLIENT_ASK_JOB comes again. */
struct client_job {
	struct span sender; /* empty: null sender */
	const struct client_rcpt *rcpts;
	size_t count; /* 1 to CLIENT_RCPTS_MAX */
	uint64_t size;
	bool eight_bit; /* an octet is: needs 8BITMIME (RFC 6152) */
	bool utf8;      /* needs SMTPUTF8 (RFC 6531)              */
	enum dsn_return ret;
	struct span envid; /* empty: not said */
};

enum client_ask_verb {
	/* shake hands.  Octets that come before that are in clear: give them to
	 * smtp_client_run, which ends the session.
	 * Answer: smtp_client_secured, or smtp_client_lost */
	CLIENT_ASK_TLS,
	/* the job before is done; the next one?
	 * Answer: smtp_client_job, smtp_client_quit, or none for now */
	CLIENT_ASK_JOB,
	/* the message's octets from `offset` on.
	 * Answer: smtp_client_octets */
	CLIENT_ASK_OCTETS,
	/* recipient `rcpt` of the job has `response`.
	 * Answer: smtp_client_noted */
	CLIENT_ASK_RESULT,
};

struct client_ask {
	enum client_ask_verb verb;
	uint64_t offset;
	size_t rcpt;
	const struct response *response;
};

enum client_turn { CLIENT_READ, CLIENT_WRITE, CLIENT_ASK, CLIENT_CLOSE };

enum client_state {
	CLIENT_GREETING, /* each waits for the answer to what it names */
	CLIENT_EHLO,
	CLIENT_HELO,
	CLIENT_STARTTLS,
	CLIENT_SHAKING,
	CLIENT_AUTH,
	CLIENT_IDLE,
	CLIENT_MAIL,
	CLIENT_RCPT,
	CLIENT_DATA,
	CLIENT_BODY,
	CLIENT_FINAL,
	CLIENT_RSET,
	CLIENT_RESULTS, /* tells the host, then IDLE or OVER */
	CLIENT_QUIT,
	CLIENT_OVER,
};

/* What the server offers. */
struct client_peer {
	bool plain, pipelining, eight_bit, utf8, chunking, dsn, starttls, has_size;
	uint64_t size; /* 0: no limit said */
};

struct smtp_client {
	struct client_setup setup;
	enum client_state state;
	bool secured, asking, lost, over_after;
	struct client_peer peer;
	struct client_job job;
	size_t sent, answered, accepted; /* of the job's recipients */
	size_t result;                   /* next one to tell        */
	uint64_t offset;
	struct stuffer stuffer;
	struct client_ask ask;
	struct response last;  /* of all that are left in CLIENT_RESULTS */
	struct response rcpt;  /* of one alone                           */
	struct response_reader reader;
	struct buf out;
	uint8_t told[CLIENT_RCPTS_MAX / 8 + 1]; /* which have their result */
	uint8_t out_storage[CLIENT_OUTPUT_MAX];
};

void smtp_client_init(struct smtp_client *c, const struct client_setup *setup);
enum client_turn smtp_client_run(struct smtp_client *c, struct span *in);

struct span smtp_client_output(const struct smtp_client *c);
void smtp_client_sent(struct smtp_client *c, size_t n);

void smtp_client_secured(struct smtp_client *c);
void smtp_client_job(struct smtp_client *c, const struct client_job *job);
void smtp_client_quit(struct smtp_client *c);
/* last  nothing follows */
void smtp_client_octets(struct smtp_client *c, struct span octets, bool last);
void smtp_client_noted(struct smtp_client *c);

/* The connection ended, or must end: `why` is the result of every recipient
 * that has none yet.  After the last octet of a message was sent the server
 * may have it all the same. */
void smtp_client_lost(struct smtp_client *c, const struct response *why);

/* Is there a job without its results? */
bool smtp_client_is_busy(const struct smtp_client *c);
