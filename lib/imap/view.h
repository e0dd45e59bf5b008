/* view.h -- a mailbox as a session sees it: one record per message.
 *
 * The store makes a view, sorted by uid, in memory that only it can write;
 * the position in the array plus one is the message sequence number.
 */
#pragma once

#include "lib/base/span.h"

struct view_entry {
	uint32_t uid;    /* from 1, ascending in the array              */
	uint32_t size;   /* octets of the message, RFC822.SIZE          */
	uint64_t flags;  /* FLAG_ bits, keywords from FLAG_KEYWORD_0 on */
	uint64_t modseq; /* changes whenever flags do                   */
	int64_t idate_us; /* INTERNALDATE, microseconds since 1970      */
};

#define FLAG_ANSWERED  ((uint64_t)1 << 0)
#define FLAG_FLAGGED   ((uint64_t)1 << 1)
#define FLAG_DELETED   ((uint64_t)1 << 2)
#define FLAG_SEEN      ((uint64_t)1 << 3)
#define FLAG_DRAFT     ((uint64_t)1 << 4)
#define FLAG_RECENT    ((uint64_t)1 << 5) /* never set: see session.h */
#define FLAG_KEYWORD_0 6
#define FLAG_SYSTEM    ((uint64_t)31)

#define KEYWORDS_MAX   58 /* of a mailbox      */
#define KEYWORD_LENGTH 64 /* octets, an atom   */

struct view {
	const struct view_entry *at;
	size_t len; /* messages */
};

/* The index of the first message with a uid of at least `uid`; v->len when
 * there is none. */
size_t view_lower(const struct view *v, uint32_t uid);

/* The message with this uid, NULL when the view has none. */
const struct view_entry *view_find(const struct view *v, uint32_t uid);
