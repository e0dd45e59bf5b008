/* search_parse.h -- what SEARCH asks for, RFC 3501 section 6.4.4.
 *
 * The keys become a program in postfix order: each key yields a value, NOT
 * turns one, AND and OR join two.  It is run without recursion, and as values
 * may be unknown until a message is read, in three-valued logic.
 */
#pragma once

#include "lib/imap/set.h"
#include "lib/imap/syntax.h"

#define SEARCH_KEYS  256 /* steps of a program        */
#define SEARCH_SLOW  64  /* keys that read a message  */
#define SEARCH_DEPTH 32  /* of parentheses, NOT and OR */

enum search_op {
	SEARCH_ALL,
	SEARCH_FLAG,       /* (flags & mask) == want                       */
	SEARCH_KEYWORD,    /* has the keyword named `text`                 */
	SEARCH_LARGER,
	SEARCH_SMALLER,
	SEARCH_SINCE,      /* INTERNALDATE, days of UTC                    */
	SEARCH_BEFORE,
	SEARCH_UIDS,       /* a range of uids; several are joined with OR  */
	SEARCH_NONE,       /* no message                                   */
	SEARCH_HEADER_HAS, /* field `name` contains `text`                 */
	SEARCH_SENT_SINCE, /* Date field                                   */
	SEARCH_SENT_BEFORE,
	SEARCH_IN_BODY,    /* `text` in the body                           */
	SEARCH_IN_TEXT,    /* in header or body                            */
	SEARCH_NOT,
	SEARCH_AND,
	SEARCH_OR,
};

struct search_key {
	enum search_op op;
	uint8_t slow;         /* number of this key among the slow ones  */
	uint64_t mask, want;
	struct uid_range uids;
	struct instant day;
	uint32_t size;
	struct span name, text; /* in the command or its scratch         */
};

/* Does the key need the message itself? */
static inline bool
search_is_slow(const struct search_key *k)
{
	return k->op >= SEARCH_HEADER_HAS && k->op <= SEARCH_IN_TEXT;
}

struct search_program {
	struct search_key key[SEARCH_KEYS];
	size_t keys;
	size_t slow; /* keys from SEARCH_HEADER_HAS to SEARCH_IN_TEXT */
};

struct search_context {
	const struct view *seen; /* for sequence numbers        */
	struct buf *scratch;
	struct set_maker *set;   /* used and left as it happens */
};

/* [CHARSET astring SP] search-key *(SP search-key), all of `in`.
 *
 * imap_charset  not US-ASCII or UTF-8
 * imap_syntax, imap_too_big
 */
FALLIBLE search_parse(struct span in, const struct search_context *c,
	struct search_program *out);

enum search_value { SEARCH_FALSE, SEARCH_TRUE, SEARCH_UNKNOWN };

/* What the keys answer for one message.  `key` gives the value of each. */
typedef enum search_value search_eval(const void *context,
	const struct search_key *key);
enum search_value search_run(const struct search_program *p,
	search_eval *eval, const void *context);
