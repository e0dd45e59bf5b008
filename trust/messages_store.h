/* messages_store.h -- what a mailbox session can ask of the store.
 *
 * The channel between them is the capability: master made it for one account,
 * and the store never looks at an account number that comes from a session.
 * Included by messages.h only.
 *
 * Each request is answered once, with the serial and session of its head; the
 * store answers in the order in which it was asked.  What changes something is
 * answered when it is on the disk; whatever is asked after that sees it.
 * A fault is a fault_number; 0 is success and all other fields of an answer
 * are zero unless it is.
 *
 * A mailbox is named once, with mbox_open; then its number is used, which
 * stays the same when it is renamed and is never used for another.
 */

#define MAILBOX_NAME_MAX 255  /* octets of UTF-8, "/" between components   */
#define MAILBOXES_MAX    4096 /* names of an account                       */
#define STORE_KEYWORDS   16   /* keyword names in one request              */
#define STORE_KEYWORD    64   /* octets of one, an atom                    */
#define STORE_INLINE     64   /* ranges of uids inside a request           */
#define STORE_RANGES     1024 /* ranges of uids in memory beside a request */
#define STORE_FETCH_MAX  1048576 /* octets of one store_fetched            */

/* One message of a mailbox; an array of them, ascending by uid, is a view.
 * lib/imap/view.h calls it struct view_entry. */
struct view_row {
	uint32_t uid;
	uint32_t size;   /* octets of the message with what delivery added */
	uint64_t flags;  /* FLAG_ bits of lib/imap/view.h                  */
	uint64_t modseq;
	int64_t idate_us; /* INTERNALDATE                                  */
};

_Static_assert(sizeof(struct view_row) == 32, "views are shared memory");

/* Uids from first to last, both included, 1 <= first <= last. */
struct uid_span {
	uint32_t first, last;
};

/* Ascending, without overlap.  Up to STORE_INLINE are in `at`; more of them,
 * all `count`, are an array in sealed memory, the request's descriptor. */
struct uid_spans {
	uint32_t count;
	uint32_t zero;
	struct uid_span at[STORE_INLINE];
};

/* Keyword names; [i] has `len` octets, 0 beyond `count`. */
struct keyword_name {
	uint8_t len;
	uint8_t octets[STORE_KEYWORD];
};

struct keyword_names {
	struct keyword_name at[STORE_KEYWORDS];
	uint32_t count;
	uint32_t zero;
};

struct mailbox_name {
	uint8_t len; /* 1 to MAILBOX_NAME_MAX */
	uint8_t octets[MAILBOX_NAME_MAX];
};

/* --- mailboxes of the account -------------------------------------------- */

enum mailbox_bit {
	MAILBOX_EXISTS = 1, /* else only its name is subscribed       */
	MAILBOX_SUBSCRIBED = 2,
	MAILBOX_CHILDREN = 4,
	/* special use, RFC 6154 */
	MAILBOX_DRAFTS = 8,
	MAILBOX_SENT = 16,
	MAILBOX_JUNK = 32,
	MAILBOX_TRASH = 64,
};

struct mailbox_row {
	struct mailbox_name name;
	uint32_t id;
	uint32_t bits; /* enum mailbox_bit, joined */
};

/* MAILBOXES_ASK is a struct plain.  The descriptor is sealed memory with
 * `count` struct mailbox_row, sorted by name (span_compare). */
struct mailboxes_told {
	struct head head;
	uint32_t count; /* at least 1: INBOX */
	uint16_t fault;
	uint8_t zero[2];
};

enum mailbox_verb {
	MAILBOX_CREATE = 1, /* and the components above it              */
	MAILBOX_DELETE,     /* mailbox_busy when it has children        */
	MAILBOX_RENAME,     /* with all below it; of INBOX, moves what it
			     * holds, RFC 3501 section 6.3.5            */
	MAILBOX_SUBSCRIBE,
	MAILBOX_UNSUBSCRIBE,
};

/* Answer: store_done. */
struct mailbox_edit {
	struct head head;
	uint32_t verb; /* enum mailbox_verb      */
	uint32_t zero;
	struct mailbox_name name;
	struct mailbox_name to; /* MAILBOX_RENAME, else zero */
};

struct mailbox_ask {
	struct head head;
	struct mailbox_name name;
};

/* MAILBOX_STATUS */
struct mailbox_told {
	struct head head;
	uint64_t modseq; /* highest */
	uint64_t octets; /* of all messages */
	uint32_t messages, unseen, uidnext, uidvalidity;
	uint32_t mailbox;
	uint16_t fault;
	uint8_t zero[2];
};

/* --- the opened mailbox -------------------------------------------------- */

/* MAILBOX_OPEN opens a mailbox, in place of the one that was open, and has the
 * session told when it changes; MAILBOX_VIEW asks for it as it is now.
 * MAILBOX_CLOSE (store_done) ends that. */
struct view_ask {
	struct head head;
	uint32_t mailbox;
	uint32_t zero;
};

/* Answer to both.  The descriptor is sealed memory of `size` octets: `count`
 * struct view_row, then `keywords` struct keyword_name, the first of which is
 * bit FLAG_KEYWORD_0; none comes along when size is 0. */
struct view_told {
	struct head head;
	uint64_t size;
	uint64_t modseq; /* highest */
	uint32_t mailbox;
	uint32_t count;
	uint32_t keywords;
	uint32_t uidvalidity, uidnext;
	uint16_t fault;
	uint8_t zero[2];
};

/* The open mailbox is no longer as the last view_told has it.  Said once,
 * then not again before the session has asked for a view. */
struct mailbox_changed {
	struct head head;
	uint64_t modseq; /* highest */
	uint32_t mailbox;
	uint32_t gone; /* 1: the mailbox was deleted */
};

enum fetch_what {
	FETCH_INDEX = 1, /* what lib/mime/index.h made   */
	FETCH_MESSAGE,   /* its octets                   */
};

struct store_fetch {
	struct head head;
	uint32_t mailbox;
	uint32_t what; /* enum fetch_what */
	struct uid_spans uids;
};

/* Before each message's octets in the memory of store_fetched; the next one
 * begins 8-octet aligned. */
struct fetched {
	uint32_t uid;
	uint32_t len;
};

/* The first messages of the set, as many as fit into STORE_FETCH_MAX octets.
 * Uids that are not there are passed over, and so is a message too large for
 * one answer (ask store_piece).  The descriptor is sealed memory of `size`
 * octets; none when size is 0. */
struct store_fetched {
	struct head head;
	uint64_t size;
	uint32_t count;
	uint32_t next; /* go on with this uid; 0: the set is done */
	uint16_t fault;
	uint8_t zero[6];
};

/* Octets [offset, offset + len) of a message, 0 < len <= STORE_FETCH_MAX, all
 * inside it.  Answer: store_fetched with size len and count 0, without struct
 * fetched. */
struct store_piece {
	struct head head;
	uint64_t offset;
	uint32_t len;
	uint32_t mailbox;
	uint32_t uid;
	uint32_t zero;
};

enum flags_how { FLAGS_SET = 1, FLAGS_ADD, FLAGS_REMOVE };

/* Change flags of those messages of the set that are there.  Keywords come by
 * name; new ones get a bit when there is one left.  Answer: store_done.
 *
 * flags  of FLAG_SYSTEM */
struct store_flags {
	struct head head;
	uint64_t flags;
	uint32_t mailbox;
	uint32_t how; /* enum flags_how */
	struct uid_spans uids;
	struct keyword_names keywords;
};

/* Remove those messages of the set that have \Deleted.  Answer: store_done. */
struct store_expunge {
	struct head head;
	uint32_t mailbox;
	uint32_t zero;
	struct uid_spans uids;
};

/* The messages of the set into the mailbox `to`, in order of uid, all or none;
 * `move`: and out of this one, in the same transaction.  Answer: store_added.
 *
 * mailbox_unknown  there is no mailbox `to` */
struct store_copy {
	struct head head;
	uint32_t mailbox;
	uint32_t move; /* 0 or 1 */
	struct uid_spans uids;
	struct mailbox_name to;
};

/* A message for mailbox `to`: the descriptor is its body, `size` octets, which
 * scan has seen.  Answer: store_added. */
struct store_append {
	struct head head;
	uint64_t size;
	uint64_t flags;   /* of FLAG_SYSTEM */
	int64_t idate_us;
	struct mailbox_name to;
	struct keyword_names keywords;
	struct verdict verdict;
};

/* The new messages have the uids first, first + 1, ... */
struct store_added {
	struct head head;
	uint32_t uidvalidity;
	uint32_t first, count;
	uint16_t fault;
	uint8_t zero[2];
};

struct store_done {
	struct head head;
	uint64_t modseq; /* highest of the mailbox after the change; 0: none */
	uint16_t fault;
	uint8_t zero[6];
};
