/* state.h -- the inside of a session, for the files of the engine only.
 *
 * A command that needs more than one turn is a job: a step function that
 * imap_run calls whenever there is STEP_ROOM in the output and no ask is open,
 * and that an answer calls with what came.  A step does one bounded thing: it
 * writes what there is room for, asks, or ends the command.
 */
#pragma once

#include "lib/imap/fetch_parse.h"
#include "lib/imap/search_parse.h"
#include "lib/imap/session.h"
#include "lib/imap/syntax.h"
#include "lib/mime/decode.h"

#define STEP_ROOM     8192
#define SCRATCH_MAX   4096
#define END_MAX       2048 /* octets of the last line of a command      */
#define SEARCH_TEXT   8192 /* octets of decoded text looked at together */
#define SEARCH_NEEDLE 1024 /* octets of a text to look for              */

typedef void step(struct imap_session *s);

/* What came with an answer, during the call of the step only. */
enum got_kind {
	GOT_NOTHING, /* no answer: the step was called to go on */
	GOT_DONE,    /* done, or `fault`                        */
	GOT_ROWS,
	GOT_STATUS,
	GOT_VIEW,
	GOT_OCTETS,
	GOT_UIDS,
};

struct got {
	enum got_kind kind;
	const struct fault *fault;
	const struct imap_mailbox *rows;
	size_t count;
	bool more;
	const struct imap_status *status;
	const struct imap_view *view;
	struct span octets;
	uint32_t uidvalidity, first;
};

/* What a sync may tell: RFC 3501 section 7.4.1 forbids EXPUNGE while a FETCH,
 * STORE or SEARCH by sequence numbers is answered. */
enum sync_kind { SYNC_NONE, SYNC_FLAGS, SYNC_ALL };

/* What a sync tells of the messages in the command's set: what is news to the
 * client, everything (STORE), nothing (.SILENT), or what is news to one that
 * was told of \Seen already (FETCH).  Of other messages it tells the news. */
enum sync_tell { TELL_NEWS, TELL_ALL, TELL_NOTHING, TELL_BUT_SEEN };

struct sync {
	enum sync_kind kind;
	enum { SYNC_IDLE, SYNC_ASKED, SYNC_EXPUNGE, SYNC_EXISTS,
		SYNC_CHANGED } phase;
	step *then;
	size_t at, fresh_at, next_at; /* places in seen, fresh, next     */
	enum sync_tell tell;
};

struct fetch_job {
	enum { FETCH_MESSAGE, FETCH_ITEM, FETCH_OCTETS, FETCH_FIELDS_OF } phase;
	size_t range;        /* in the set                               */
	size_t at;           /* in the view                              */
	size_t item;
	bool marked;         /* the messages were made \Seen             */
	bool spaced;         /* so is the SP before it                   */
	bool labelled;       /* the item's name and size are written     */
	uint64_t offset;     /* next octet of the message or of the item */
	uint64_t left;       /* octets of the literal to come            */
	uint32_t header_at, header_len; /* what HEADER.FIELDS reads      */
	const struct fault *failed;     /* of a message that is gone     */
};

struct search_job {
	enum { SEARCH_NEXT, SEARCH_INDEX, SEARCH_HEADER, SEARCH_BODY,
		SEARCH_PARTS, SEARCH_PART } phase;
	size_t at;
	uint64_t known, holds; /* bits of slow keys: decided; true         */
	uint32_t header_len;
	uint64_t offset;       /* of the window in the message             */
	uint64_t end;          /* of the part, in the message              */
	size_t part;           /* number of the next part                  */
	struct decoder decoder;
	struct buf text;       /* decoded, with what came before           */
	uint8_t text_storage[SEARCH_TEXT];
};

struct list_job {
	struct span reference, pattern;
	bool subscribed_only;
	size_t last_len;              /* of the name written last         */
	uint8_t last[IMAP_NAME_MAX];
};

struct append_job {
	enum { APPEND_TAKE, APPEND_SKIP } phase;
	uint64_t left;       /* octets of the literal                  */
	size_t text_len;     /* of the command up to the literal       */
	bool saw_cr;
	step *after;         /* APPEND_SKIP: how the command ends      */
	const struct fault *fault;
};

struct imap_session {
	struct imap_setup setup;
	struct frame frame;
	struct buf scratch;       /* strings of this command           */
	struct buf names;         /* mailbox names of this command     */
	struct buf out;
	size_t sent;              /* octets of `out` that are gone     */
	bool over;
	unsigned bad;             /* commands in a row that were BAD   */

	struct span tag;          /* of this command, in the frame     */
	struct buf end;           /* its last line, behind the tag     */
	step *step;
	step *collected;          /* goes on when the frame has more   */
	bool taking;              /* the octets are a message's        */
	bool asking;
	struct imap_ask ask;
	struct got got;

	bool by_uid;
	struct set_maker set;

	/* the selected mailbox */
	bool selected, read_only;
	bool changed, idle;
	struct view seen;    /* what the client's sequence numbers mean    */
	struct view fresh;   /* whose flags the client was told            */
	struct view next;    /* on its way to become both                  */
	uint32_t uidvalidity, uidnext;
	size_t keywords;
	uint8_t keyword_len[KEYWORDS_MAX];
	uint8_t keyword[KEYWORDS_MAX][KEYWORD_LENGTH];

	struct sync sync;
	union {
		struct fetch_job fetch;
		struct search_job search;
		struct list_job list;
		struct append_job append;
		uint32_t status_items;
	};
	union {
		struct fetch_program fetch_program;
		struct search_program search_program;
	};

	struct uid_range ranges[SET_INTERVALS];
	uint8_t scratch_storage[SCRATCH_MAX];
	uint8_t names_storage[2 * IMAP_NAME_MAX + 2];
	uint8_t end_storage[END_MAX];
	uint8_t frame_storage[IMAP_COMMAND_MAX];
	uint8_t out_storage[IMAP_OUTPUT_MAX];
};

/* respond.c: lines.  A step has room for what it writes, so a put that does
 * not fit is a bug and stops the process. */
void say(struct imap_session *s, const char *text);
void say_span(struct imap_session *s, struct span text);
void say_number(struct imap_session *s, uint64_t n);

/* The last line of the command: "tag OK text", NO with the words for the
 * fault, BAD.  `end_with` only keeps it; end_step writes it. */
void end_now(struct imap_session *s, const char *line);
void end_fault(struct imap_session *s, const struct fault *f);
void end_bad(struct imap_session *s, const char *why);
void end_step(struct imap_session *s);

/* The same after the client was told what changed. */
void end_synced(struct imap_session *s, const char *line, enum sync_kind kind);

/* Ask the host; `then` is called with the answer. */
void ask_host(struct imap_session *s, enum imap_verb verb, step *then);

/* Room in the output. */
size_t out_room(const struct imap_session *s);

/* sync.c */
void sync_begin(struct imap_session *s, enum sync_kind kind, step *then);
void say_flags(struct imap_session *s, uint64_t flags);
void say_flag_lines(struct imap_session *s);
void take_keywords(struct imap_session *s, const struct imap_view *v);
const struct view_entry *entry_now(const struct imap_session *s, size_t at);

/* Arguments.  False: the command has been ended with BAD or NO. */
bool arg_mailbox(struct imap_session *s, struct span *args, size_t n);
bool arg_set(struct imap_session *s, struct span *args);
bool arg_end(struct imap_session *s, struct span args);
bool arg_flags(struct imap_session *s, struct span *args, bool parens);

/* Commands: `args` is what stands behind the verb, SP included. */
typedef void command(struct imap_session *s, struct span args);
command do_list, do_lsub, do_status, do_create, do_delete, do_rename,
	do_subscribe, do_unsubscribe, do_select, do_examine, do_close,
	do_unselect, do_check, do_expunge, do_fetch, do_store, do_copy, do_move,
	do_search, do_append, do_idle;

/* command.c: the command in the frame */
void run_command(struct imap_session *s);

/* fetch.c, fetch_item.c: the items of the message at fetch.at; its flags as
 * the client shall see them */
step fetch_step;
void fetch_item_step(struct imap_session *s);
uint64_t fetch_flags(const struct imap_session *s);

/* search.c, search_read.c: what is known of the message at search.at; go to
 * the next one; go on reading it */
step search_step;
enum search_value search_judge(const struct imap_session *s);
void search_decided(struct imap_session *s, bool hit);
void search_read(struct imap_session *s);

/* append.c: may the literal that the unfinished command announces be a
 * message?  Then it takes over; `in` is the stream behind. */
bool append_takes(struct imap_session *s);
void append_feed(struct imap_session *s, struct span *in);
