/* rows.h -- the tables of the store's index and what a row of each holds.
 *
 * Everything here is derived: applied from the journal, removed and made again
 * at will.  Rows are in the machine's own form; a file that comes from another
 * machine has another device and inode and is not read.
 */
#pragma once

#include "lib/base/buf.h"
#include "sys/index.h"
#include "trust/messages.h"

enum index_table {
	TABLE_META,       /* META_KEY                       struct meta_row        */
	TABLE_ACCOUNT,    /* account                    struct account_row     */
	TABLE_MAILBOX,    /* account mailbox            struct box_row, name   */
	TABLE_NAME,       /* account name               number of the mailbox  */
	TABLE_SUBSCRIBED, /* account name               ""                     */
	TABLE_KEYWORDS,   /* account mailbox            struct keyword_name ...*/
	TABLE_VIEW,       /* account mailbox first uid  struct view_row ...    */
	TABLE_EMAILS,     /* the same                   their email numbers    */
	TABLE_EMAIL,      /* account email              struct email_row, prefix */
	TABLE_INDEX,      /* account email              lib/mime/index.h       */
	TABLE_DKEY,       /* account dkey               email number           */
	TABLES
};

#define INDEX_FORMAT 1

/* How far the tables are, and in which file they were made. */
struct meta_row {
	uint64_t format;
	uint64_t applied; /* lsn */
	uint64_t digest;  /* of that record */
	struct file_identity file;
};

#define META_KEY SPAN("meta")

struct account_row {
	uint64_t modseq; /* last one given out     */
	uint64_t octets; /* of all its messages    */
	uint64_t messages;
	uint32_t next_mailbox;
	uint32_t uidvalidity; /* last one given out */
};

/* A mailbox of an account: what most functions are about. */
struct box {
	uint32_t account, mailbox;
};

#define BOX_INBOX 1 /* its number in every account */

struct box_row {
	uint64_t modseq; /* highest */
	uint64_t octets;
	uint32_t uidvalidity, uidnext;
	uint32_t messages, unseen;
	uint32_t bits; /* enum mailbox_bit: the special uses */
	uint32_t name_len;
	uint8_t name[MAILBOX_NAME_MAX + 1];
};

struct email_row {
	uint64_t lsn;  /* of the record whose body it is      */
	uint64_t place; /* of that record in the journal       */
	uint64_t size; /* octets of the body, without prefix  */
	uint8_t sha256[32];
	uint32_t refs; /* messages that are this email        */
	uint32_t prefix_len;
	uint8_t prefix[1024];
};

struct key {
	uint8_t at[4 + MAILBOX_NAME_MAX];
	size_t len;
};

struct span key_account(struct key *k, uint32_t account);
struct span key_box(struct key *k, struct box b);
struct span key_uid(struct key *k, struct box b, uint32_t uid);
struct span key_email(struct key *k, uint32_t account, uint64_t email);
struct span key_name(struct key *k, uint32_t account, struct span name);
struct span key_dkey(struct key *k, uint32_t account, const uint8_t dkey[16]);

/* The octets behind the account of a key of TABLE_NAME or TABLE_SUBSCRIBED;
 * SPAN_NONE when it is another account's. */
struct span key_name_of(struct span key, uint32_t account);

/* Rows by value.  *found tells whether there is one; *out is zero if not. */
FALLIBLE account_get(struct tables *t, uint32_t account,
	struct account_row *out, bool *found);
FALLIBLE account_put(struct tables *t, uint32_t account,
	const struct account_row *row);
FALLIBLE box_get(struct tables *t, struct box b, struct box_row *out,
	bool *found);
FALLIBLE box_put(struct tables *t, struct box b, const struct box_row *row);
FALLIBLE box_find(struct tables *t, uint32_t account, struct span name,
	uint32_t *mailbox, bool *found);

/* The first mailbox below `name`, "name/..."; `child` is empty when there is
 * none. */
FALLIBLE box_below(struct tables *t, uint32_t account, struct span name,
	struct buf *child, uint32_t *mailbox);

FALLIBLE email_get(struct tables *t, uint32_t account, uint64_t email,
	struct email_row *out, bool *found);
FALLIBLE email_put(struct tables *t, uint32_t account, uint64_t email,
	const struct email_row *row);

/* Names of the mailbox's keywords, in the order of their bits; valid until the
 * next change of a table. */
FALLIBLE keywords_get(struct tables *t, struct box b,
	const struct keyword_name **at, size_t *count);
