/* core.h -- the inside of the store, for the .c files of this folder. */
#pragma once

#include "lib/mime/index.h"
#include "state/journal/journal.h"
#include "state/store/apply.h"
#include "state/store/heads.h"
#include "state/store/store.h"

#define PENDING_OCTETS  (4u << 20) /* of records behind the acknowledgement */
#define PENDING_RECORDS 256        /* so many are applied without waiting   */
#define INDEX_RECORDS   4096       /* so many are committed in the index    */
#define CHANGED_BOXES   4096       /* mailboxes changed in a batch          */

struct store {
	struct store_setup setup;
	struct mac_key key;
	bool has_key, failed, foreign;

	struct journal *journal;
	struct tables *tables;
	struct heads *heads;

	/* lsns: appended >= durable >= applied >= indexed */
	uint64_t appended, durable, applied, indexed;
	uint64_t digest;       /* of the record that was applied last */
	struct buf pending;    /* records not applied yet */
	size_t pending_records;

	struct box changed[CHANGED_BOXES];
	size_t changed_count;

	struct buf room;       /* a record while it is made */
	struct buf rcpts;      /* its recipients */
	struct buf index;      /* its index blob */
	struct buf answer;     /* of a fetch */
	struct tree tree;      /* scratch of index_make */
	uint8_t ranges[STORE_RANGES * 8]; /* as they go into a record */
};

/* --- records: write.c --------------------------------------------- */

/* Append a record; `fd` -1: without a body.  The caller then changes the
 * heads. */
FALLIBLE store_write(struct store *s, const struct record *r, int fd,
	uint64_t *lsn);

/* This head was changed by the record `lsn`; a mailbox's watchers will hear. */
void store_touch(struct store *s, struct head_of *h, uint64_t lsn);

/* Commit what was appended and apply everything. */
FALLIBLE store_settle(struct store *s);

/* Whatever failed, no call after this works. */
FALLIBLE store_fail(struct store *s, const struct fault *f);

/* A record of the replay, unless the index has it.  Sets s->foreign when the index stands at a record of another journal. */
FALLIBLE store_apply(struct store *s, const struct journal_record *r);

/* --- heads: account.c ------------------------------------------------ */

/* The account's head; it may not exist yet. */
FALLIBLE store_account(struct store *s, uint32_t account, struct head_of **out);

/* As that, and make the account when it is new. */
FALLIBLE store_account_made(struct store *s, uint32_t account,
	struct head_of **out);

/* May the account have so much more?
 *
 * over_quota */
FALLIBLE account_admit(const struct store *s, const struct head_of *account,
	uint64_t octets, uint64_t messages);

/* mailbox_unknown */
FALLIBLE store_box(struct store *s, struct box b, struct head_of **out);

/* Everything that was appended for the account is in the tables. */
FALLIBLE store_see(struct store *s, uint32_t account);

/* The mailbox of this name.
 *
 * mailbox_unknown */
FALLIBLE store_named(struct store *s, uint32_t account, struct span name,
	struct box *out);

/* The account's next modseq and UIDVALIDITY; taken when the record that has
 * them is written. */
uint64_t next_modseq(const struct head_of *account);
uint32_t next_uidvalidity(const struct head_of *account);

/* --- bodies: body.c ------------------------------------------------------ */

/* Is it what scan vouched for?  The octets themselves are judged when they are
 * copied. */
FALLIBLE body_admit(const struct store *s, const struct store_message *m);

/* Add a recipient to the message that is being made; the first call of a
 * message follows buf_clear(&s->rcpts). */
FALLIBLE body_add_rcpt(struct store *s, const struct record_rcpt *r);

/* Write the record of `m` with its index and the `count` recipients. */
FALLIBLE body_write(struct store *s, const struct store_message *m,
	uint32_t count, uint64_t *lsn);

/* --- read.c -------------------------------------------------------------- */

/* How many names the account has in TABLE_NAME or TABLE_SUBSCRIBED. */
FALLIBLE names_count(struct store *s, enum index_table table, uint32_t account,
	size_t *n);

/* --- keyword.c ------------------------------------------------------------ */

/* The bit of a keyword, 0 to KEYWORD_BITS - 1; -1 when it has none and `make`
 * is false.
 *
 * imap_syntax  not an atom
 * over_quota   there is none left */
FALLIBLE keyword_bit(struct store *s, struct box b, struct span name,
	bool make, int *bit);

/* The flags of all these keywords, as far as they have bits. */
FALLIBLE keyword_bits(struct store *s, struct box b,
	const struct keyword_names *names, bool make, uint64_t *bits);
