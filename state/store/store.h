/* store.h -- the mailboxes of all accounts: a journal that is the truth, and
 * an index that is derived from it.
 *
 * What changes something appends a record and returns at once; store_commit
 * makes everything appended durable with one sync, and only then may it be
 * acknowledged.  store_tend and store_rest apply the records to the index,
 * behind the acknowledgement.  What reads sees every change that the same
 * caller made before: it commits and applies what is still missing.
 *
 * Numbers of accounts are given by the caller, who knows them from a channel
 * (trust/messages_store.h), never from a message.  An account comes into being
 * with its first use, with INBOX and four usual mailboxes.  Uids, UIDVALIDITY,
 * UIDNEXT and modseqs never go back (rule D7).
 *
 * Faults of all functions: storage_failed (the journal or the index cannot be
 * used: close the store, what was not acknowledged is lost), storage_full,
 * ipc_busy (ask again).  Ranges of uids are spans of octets as record.h has
 * them, made with put_range.
 */
#pragma once

#include "state/store/record.h"
#include "state/store/rows.h"
#include "sys/mac.h"

struct store;

#define MESSAGE_SHARE 2048   /* octets of max_mailbox for a message at least:
			      * tiny ones cost more than their octets        */
#define COPY_MAX      100000 /* messages of one copy, some 0.3 s of work     */

/* A mailbox is no longer as it was: told by store_commit, once a batch. */
typedef void store_changed(void *owner, struct box b, uint64_t modseq);

struct store_setup {
	int directory;         /* borrowed                                   */
	uint64_t segment_size; /* of the journal; JOURNAL_SEGMENT            */
	uint64_t min_free;     /* octets that the volume keeps, else 452     */
	uint64_t max_mailbox;  /* octets of an account; of messages, one for
				* each MESSAGE_SHARE of them at most         */
	store_changed *changed;
	void *owner;
};

/* What opening found. */
struct store_facts {
	uint64_t records;  /* in the journal                              */
	uint64_t applied;  /* of these, put into the index now            */
	bool rebuilt;      /* the index was missing, foreign or too new   */
	bool torn;         /* the last, unacknowledged commit was dropped */
};

FALLIBLE store_open(const struct store_setup *setup, struct store **out,
	struct store_facts *facts);
void store_close(struct store **s);

/* The key that verdicts are sealed with; none holds before. */
void store_set_key(struct store *s, const struct mac_key *key);

/* Another limit from now on. */
void store_set_limit(struct store *s, uint64_t max_mailbox);

/* --- putting in ---------------------------------------------------------- */

/* A body that scan has looked at. */
struct store_message {
	int fd; /* borrowed */
	uint64_t size;
	int64_t idate_us;
	const struct verdict *verdict;
};

struct store_rcpt {
	uint32_t account;
	struct span address; /* for Delivered-To */
	bool has_dkey;       /* deliver at most once a dkey */
	uint8_t dkey[16];
	uint32_t uid;        /* out: 0 when it was there already */
};

/* Put one message into the INBOX of each account, or into none.  An account
 * that is named twice gets it once.
 *
 * sender  for Return-Path; empty is the null sender
 * id      of the message, for people
 *
 * verdict_missing      no seal of scan's key, or no statement in it
 * verdict_mismatch     it is about other octets
 * message_infected, message_unscannable  what it says
 * message_too_large    4 GiB or more
 * over_quota           an account would have more than max_mailbox, or more
 *                      messages than go with it */
FALLIBLE store_deliver(struct store *s, const struct store_message *m,
	struct span sender, struct store_rcpt *rcpts, size_t count,
	uint64_t *id);

/* Put a message into a mailbox as its owner wants it.
 *
 * as store_deliver, and
 * mailbox_unknown */
FALLIBLE store_append(struct store *s, uint32_t account, struct span name,
	const struct store_message *m, uint64_t flags,
	const struct keyword_names *keywords, struct store_added *out);

/* --- mailboxes ----------------------------------------------------------- */

/* Rules of RFC 3501 sections 6.3.3 to 6.3.7.
 *
 * imap_name        no sound name, or it would be put below itself
 * mailbox_exists, mailbox_unknown
 * mailbox_busy     delete: it has children
 * over_quota       there are MAILBOXES_MAX */
FALLIBLE store_create(struct store *s, uint32_t account, struct span name);
FALLIBLE store_delete(struct store *s, uint32_t account, struct span name);
FALLIBLE store_rename(struct store *s, uint32_t account, struct span name,
	struct span new_name);
FALLIBLE store_subscribe(struct store *s, uint32_t account, struct span name,
	bool on);

/* --- messages ------------------------------------------------------------ */

struct store_marks {
	enum flags_how how;
	uint64_t flags; /* of BITS_SYSTEM */
	const struct keyword_names *keywords;
};

/* modseq  highest of the mailbox afterwards
 *
 * mailbox_unknown  it was deleted
 * over_quota       no bit is left for a keyword */
FALLIBLE store_mark(struct store *s, struct box b, struct span ranges,
	const struct store_marks *marks, uint64_t *modseq);

/* Remove those of the messages that have \Deleted. */
FALLIBLE store_expunge(struct store *s, struct box b, struct span ranges,
	uint64_t *modseq);

/* Copy or move the messages into the mailbox `to`, all or none.
 *
 * imap_too_many  more than COPY_MAX: everybody would wait for it */
FALLIBLE store_copy(struct store *s, struct box b, struct span ranges,
	struct span to, bool move, struct store_added *out);

/* --- reading ------------------------------------------------------------- */

/* Descriptors that come out are sealed memory and belong to the caller; the
 * fields head and fault of the answers are not touched. */
FALLIBLE store_list(struct store *s, uint32_t account,
	struct mailboxes_told *out, int *fd);
FALLIBLE store_status(struct store *s, uint32_t account, struct span name,
	struct mailbox_told *out);

/* *fd is -1 when out->size is 0. */
FALLIBLE store_view(struct store *s, struct box b, struct view_told *out,
	int *fd);
FALLIBLE store_fetch(struct store *s, struct box b, enum fetch_what what,
	struct span ranges, struct store_fetched *out, int *fd);

/* imap_gone  there is no such message, or not so many octets of it */
FALLIBLE store_piece(struct store *s, struct box b, uint32_t uid,
	uint64_t offset, uint32_t len, struct store_fetched *out, int *fd);

/* --- turns --------------------------------------------------------------- */

/* Everything appended is on the disk. */
FALLIBLE store_commit(struct store *s);

/* After the acknowledgements: apply when enough has gathered. */
FALLIBLE store_tend(struct store *s);

/* With nothing else to do: apply everything and commit the index. */
FALLIBLE store_rest(struct store *s);

bool store_is_pending(const struct store *s);

/* --- operator ------------------------------------------------------------ */

struct store_counts {
	uint64_t accounts, mailboxes, messages, octets, emails, damaged;
};

/* One line about what was found; borrowed. */
typedef void store_report(void *arg, struct span line);

/* Compare everything with everything: the checksum of every record that a
 * message is in, counters against messages, uids ascending, references, and a
 * second index, made from the journal in a file of its own, against the first.
 * Enters paths: not inside a sandbox.
 *
 * record_damaged  counts->damaged lines were reported */
FALLIBLE store_check(struct store *s, store_report *report, void *arg,
	struct store_counts *counts);

/* Throw the index away and make it from the journal. */
FALLIBLE store_rebuild(struct store *s, struct store_facts *facts);

/* A number over every row of an account: equal states have equal digests. */
FALLIBLE store_digest(struct store *s, uint32_t account, uint64_t *out);
