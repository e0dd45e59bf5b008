/* record.h -- what the store writes into its journal.
 *
 * A record says what came out, not what was asked for: the uids, the modseq,
 * the number of a mailbox.  Applied in the order of the journal to empty
 * tables it gives the same tables each time.
 *
 * The numbers of the types and the order of the fields (record.c) are the
 * format on the disk and never change; a new field is a new type.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "trust/messages.h"

enum record_type {
	RECORD_ACCOUNT = 1, /* first use: INBOX and the usual mailboxes      */
	RECORD_MESSAGE,     /* a body, for one mailbox or several accounts   */
	RECORD_COPY,        /* from one mailbox of the account to another    */
	RECORD_FLAGS,
	RECORD_EXPUNGE,
	RECORD_MAILBOX,     /* a new one                                     */
	RECORD_MAILBOX_GONE,
	RECORD_RENAMED,
	RECORD_SUBSCRIBED,
	RECORD_KEYWORD,     /* a name for the next free bit of a mailbox     */
	RECORD_RELOCATE,    /* reserved: compaction                          */
	RECORDS
};

#define RECORD_MAX 1048576 /* octets of a record without its body */

/* Which members count is what record.c lists for the type.  Spans are borrowed
 * from what was parsed. */
struct record {
	enum record_type type;
	uint32_t account, mailbox;
	uint32_t to;          /* COPY: mailbox                              */
	uint32_t first;       /* COPY: uid of the first copy                */
	uint32_t count;       /* COPY: messages; MESSAGE: recipients        */
	uint32_t uidvalidity;
	uint32_t bits;        /* MAILBOX: enum mailbox_bit; FLAGS: enum
			       * flags_how; COPY: 1 to move; SUBSCRIBED: 1
			       * yes, 0 no; EXPUNGE: 1 all, 0 \Deleted only */
	uint64_t modseq, flags;
	uint64_t size;        /* MESSAGE: octets of the body                */
	int64_t idate_us;
	struct span name, new_name;
	struct span keywords; /* COPY: the target's bit for each of ours    */
	struct span ranges;   /* of uids: ranges_next                       */
	struct span sha256;   /* of the body                                */
	struct span index;    /* lib/mime/index.h of the body               */
	struct span rcpts;    /* rcpt_take                                  */
};

/* One mailbox that a message goes to. */
struct record_rcpt {
	uint32_t account, mailbox, uid;
	uint8_t has_dkey;
	uint8_t dkey[16];
	uint64_t modseq, flags;
	struct span prefix; /* stands before the body, 0 to PREFIX_MAX octets */
};

#define PREFIX_MAX 1024

/* False when it does not fit. */
bool put_record(struct buf *b, const struct record *r);
bool put_rcpt(struct buf *b, const struct record_rcpt *r);
bool put_range(struct buf *b, struct uid_span range);

/* The whole of `octets` is a record of this type, every count and length in
 * its range, ranges ascending.
 *
 * record_unknown  no such type
 * record_damaged  anything else */
FALLIBLE record_parse(uint32_t type, struct span octets, struct record *out);

/* The next recipient off the front of r->rcpts, the next range off *ranges;
 * false when there is none. */
bool rcpt_take(struct span *rcpts, struct record_rcpt *out);
bool range_take(struct span *ranges, struct uid_span *out);
