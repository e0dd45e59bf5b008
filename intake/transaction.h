/* transaction.h -- the envelope and body that a session collects. */
#pragma once

#include "lib/base/arena.h"
#include "lib/mail/notify.h"
#include "sys/body.h"
#include "trust/tokens.h"

struct rcpt {
	struct rcpt *next;
	struct span address; /* as the client wrote it */
	uint32_t account;    /* of a mailbox here       */
	bool remote;
	unsigned notify; /* RFC 3461; 0: not said      */
	struct span orcpt; /* empty: not said          */
};

/* Zero but for the arena: nothing collected. */
struct transaction {
	struct arena arena;
	struct span sender; /* empty: null sender */
	struct rcpt *first, **last;
	uint32_t local, remote;
	uint64_t declared; /* octets, RFC 1870; 0: not said */
	uint32_t number;    /* of the message in its session */
	struct span rcpt;   /* that is being decided about */
	struct rcpt **mark; /* where what it leads to begins */
	const struct fault *refusal; /* of it, while auth says more about it */
	bool utf8; /* SMTPUTF8 was said; at the end: is needed */
	bool eight_bit, committing;
	enum dsn_return ret; /* RFC 3461 */
	struct span envid;   /* empty: not said */
	struct body body;
	struct verdict verdict;
	uint64_t queued; /* id in the queue, 0: not there */
};

/* limit  octets of envelope that the transaction may hold */
void transaction_init(struct transaction *t, struct arena_pool *pool,
	size_t limit);

FALLIBLE transaction_set_sender(struct transaction *t, struct span sender);
FALLIBLE transaction_set_reports(struct transaction *t, enum dsn_return ret,
	struct span envid);

#define TXN_RCPTS 1000 /* mailboxes, here and elsewhere */

/* A recipient, `address` as the client wrote it; then what it leads to, or undo
 * what was added since.  A mailbox gets the message once, however often it was
 * named.
 *
 * rcpt_too_many  more than TXN_RCPTS; arena_full */
FALLIBLE transaction_begin_rcpt(struct transaction *t, struct span address);
FALLIBLE transaction_add_local(struct transaction *t, uint32_t account);
FALLIBLE transaction_add_remote(struct transaction *t, unsigned notify,
	struct span orcpt);
void transaction_undo_rcpt(struct transaction *t);

/* Back to nothing: the one reset (security rule P5). */
void transaction_reset(struct transaction *t);
