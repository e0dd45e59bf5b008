/* session.h -- an IMAP4rev1 session after login, RFC 3501.
 *
 * The engine reads commands and writes responses.  It knows no store and no
 * socket; what it needs it asks its host for, one thing at a time:
 *
 *	imap_session_init(s, &setup);
 *	for (;;)
 *		switch (imap_run(s, &in)) {
 *		case IMAP_READ:  wait for octets from the client, put them in `in`;
 *		                 or wait for imap_changed()
 *		case IMAP_WRITE: send imap_output(s), then imap_sent(s, n)
 *		case IMAP_ASK:   do what s->ask says, then call one answer
 *		case IMAP_CLOSE: send imap_output(s), close the stream
 *		}
 *
 * The host sends imap_output() whenever there is some: before it waits for
 * anything, whichever of the four was returned.
 *
 * An answer may come at once or after any time; until then imap_run takes no
 * octet and returns IMAP_ASK again.  Exactly one answer per ask: the one that
 * the ask's comment names, or imap_answer() with a fault.  Spans handed to an
 * answer are not kept.  Views are: see imap_holds().
 *
 * \Recent: no session is ever told that a message is recent.  RFC 3501
 * section 2.3.2 allows it ("if it is not possible to determine...") and
 * RFC 9051 removes the flag.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/base/time.h"
#include "lib/imap/frame.h"
#include "lib/imap/set.h"
#include "lib/imap/view.h"

#define IMAP_COMMAND_MAX 16384 /* octets of a command with its literals   */
#define IMAP_OUTPUT_MAX  32768 /* octets of responses waiting             */
#define IMAP_PIECE_MAX   262144 /* octets of a message asked for at once  */
#define IMAP_NAME_MAX    255   /* octets of a mailbox name, UTF-8         */
#define IMAP_NEW_FLAGS   16    /* keywords that one command may name      */

enum imap_turn { IMAP_READ, IMAP_WRITE, IMAP_ASK, IMAP_CLOSE };

enum imap_verb {
	/* names: mailbox[0], mailbox[1].  Answer: imap_answer(fault or OK) */
	IMAP_ASK_CREATE,
	IMAP_ASK_DELETE,      /* mailbox_busy when it has children         */
	IMAP_ASK_RENAME,      /* from mailbox[0] to mailbox[1]; INBOX moves
			       * its messages, RFC 3501 section 6.3.5      */
	IMAP_ASK_SUBSCRIBE,
	IMAP_ASK_UNSUBSCRIBE,

	/* all mailboxes from number `cursor` on, sorted by span_compare.
	 * Answer: imap_answer_mailboxes */
	IMAP_ASK_LIST,

	/* mailbox[0].  Answer: imap_answer_status */
	IMAP_ASK_STATUS,

	/* open mailbox[0], `read_only` or not; from now on imap_changed() is
	 * called when it changes.  Answer: imap_answer_view */
	IMAP_ASK_SELECT,
	/* the selected mailbox as it is now.  Answer: imap_answer_view */
	IMAP_ASK_VIEW,
	/* forget the selected mailbox.  Answer: imap_answer */
	IMAP_ASK_CLOSE,

	/* the index of message `uid` of the selected mailbox, the whole blob
	 * that lib/mime/index.h made.  Answer: imap_answer_octets.  `set` has
	 * all uids of the command, for the host to read ahead. */
	IMAP_ASK_INDEX,
	/* octets [offset, offset + len) of message `uid`, all inside the
	 * message; 0 < len <= IMAP_PIECE_MAX.  Answer: imap_answer_octets with
	 * exactly `len` octets. */
	IMAP_ASK_OCTETS,

	/* change flags of the messages of `set`: `how`, `flags`, `keyword`.
	 * Keywords come by name; the store gives bits to new ones, or refuses.
	 * Answer: imap_answer.  The engine then asks for a view. */
	IMAP_ASK_STORE,
	/* remove those messages of `set` that have \Deleted.
	 * Answer: imap_answer.  The engine then asks for a view. */
	IMAP_ASK_EXPUNGE,
	/* the messages of `set` into mailbox[0], in order of uid, all or none.
	 * MOVE also removes them here, in the same transaction.
	 * Answer: imap_answer_uids; mailbox_unknown gives [TRYCREATE]. */
	IMAP_ASK_COPY,
	IMAP_ASK_MOVE,

	/* a message of `len` octets for mailbox[0] with `flags`, `keyword` and
	 * `date` is about to come.  Answer: imap_answer; after a fault nothing
	 * follows. */
	IMAP_ASK_APPEND_BEGIN,
	/* `octets`, valid until the next imap_run: take them now and answer
	 * now.  Answer: imap_answer; after a fault only APPEND_DROP follows. */
	IMAP_ASK_APPEND_OCTETS,
	/* that was all: make it durable.  Answer: imap_answer_uids */
	IMAP_ASK_APPEND_END,
	/* forget the message begun.  Answer: imap_answer */
	IMAP_ASK_APPEND_DROP,
};

enum imap_how { IMAP_FLAGS_SET, IMAP_FLAGS_ADD, IMAP_FLAGS_REMOVE };

/* What the host is asked for; the comments above say which members count.
 * Borrowed from the session until the answer. */
struct imap_ask {
	enum imap_verb verb;
	struct span mailbox[2]; /* UTF-8, "/" between components, "INBOX"  */
	bool read_only;
	size_t cursor;
	uint32_t uid;
	uint64_t offset, len;
	struct uid_set set;      /* of uids, ascending, merged             */
	enum imap_how how;
	uint64_t flags;          /* FLAG_ bits of FLAG_SYSTEM              */
	struct span keyword[IMAP_NEW_FLAGS];
	size_t keywords;
	bool has_date;           /* else the time of arrival               */
	struct instant date;
	struct span octets;
};

/* A mailbox as LIST and LSUB see it. */
struct imap_mailbox {
	struct span name; /* UTF-8 */
	bool exists;      /* false: only its name is still subscribed */
	bool subscribed;
	bool has_children;
};

struct imap_status {
	uint32_t messages, unseen, uidnext, uidvalidity;
};

/* The selected mailbox.  `messages` stays readable and unchanged as long as
 * imap_holds() says so; the keyword names only during the call. */
struct imap_view {
	struct view messages;
	uint32_t uidvalidity, uidnext;
	size_t keywords;                   /* at most KEYWORDS_MAX         */
	const struct span *keyword;        /* [i] is bit FLAG_KEYWORD_0 + i */
};

/* Extensions beyond IMAP4rev1 that the site permits; CAPABILITY shows them
 * and their commands work, else they are unknown. */
enum imap_permit {
	IMAP_UIDPLUS = 1 << 0,   /* RFC 4315 */
	IMAP_MOVE = 1 << 1,      /* RFC 6851 */
	IMAP_IDLE = 1 << 2,      /* RFC 2177 */
	IMAP_NAMESPACE = 1 << 3, /* RFC 2342 */
	IMAP_UNSELECT = 1 << 4,  /* RFC 3691 */
	IMAP_ID = 1 << 5,        /* RFC 2971 */
	IMAP_ENABLE = 1 << 6,    /* RFC 5161 */
	IMAP_LITERAL = 1 << 7,   /* LITERAL-, RFC 7888 */
	IMAP_CHILDREN = 1 << 8,  /* RFC 3348 */
	IMAP_PERMIT_ALL = (1 << 9) - 1,
};

/* "CAPABILITY IMAP4rev1 ..." as the session will answer. */
bool put_capabilities(struct buf *b, unsigned permits);

struct imap_setup {
	unsigned permits;      /* of enum imap_permit                      */
	uint64_t append_max;   /* octets of a message, at most UINT32_MAX  */
};

struct imap_session;

/* storage of a session: imap_session_size() octets, 16-octet aligned. */
size_t imap_session_size(void);
void imap_session_init(struct imap_session *s, const struct imap_setup *setup);

/* Go on until the host has to do something.  `in` is shortened by the octets
 * that were used; the rest must be offered again. */
enum imap_turn imap_run(struct imap_session *s, struct span *in);

/* The ask of the last IMAP_ASK. */
const struct imap_ask *imap_asked(const struct imap_session *s);

/* Octets for the client; the second forgets the first `n` of them. */
struct span imap_output(const struct imap_session *s);
void imap_sent(struct imap_session *s, size_t n);

/* Answers.  `f` OK: done. */
void imap_answer(struct imap_session *s, const struct fault *f);

/* rows  from number ask->cursor on
 * more  there are mailboxes behind these rows; count > 0 then */
void imap_answer_mailboxes(struct imap_session *s,
	const struct imap_mailbox *rows, size_t count, bool more);
void imap_answer_status(struct imap_session *s, const struct imap_status *st);
void imap_answer_view(struct imap_session *s, const struct imap_view *v);
void imap_answer_octets(struct imap_session *s, struct span octets);

/* The `count` new messages got the uids first, first + 1, ... in a mailbox of
 * this UIDVALIDITY.  count 0: nothing was there to copy. */
void imap_answer_uids(struct imap_session *s, uint32_t uidvalidity,
	uint32_t first, uint32_t count);

/* The selected mailbox is no longer as the last view shows it.  May be called
 * at any time; then call imap_run. */
void imap_changed(struct imap_session *s);

/* Does the session still use the array of this view?  At most three at a
 * time; ask after each imap_run and answer and unmap what it does not. */
bool imap_holds(const struct imap_session *s, const struct view_entry *at);

/* Say "* BYE text" and end: text is ASCII without CR and LF.  The next
 * imap_run returns IMAP_CLOSE.  For timeouts (RFC 3501 section 5.4: at least
 * 30 minutes) and shutdown. */
void imap_bye(struct imap_session *s, const char *text);
bool imap_is_idle(const struct imap_session *s);
