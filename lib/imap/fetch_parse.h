/* fetch_parse.h -- what FETCH asks for, RFC 3501 section 6.4.5. */
#pragma once

#include "lib/imap/syntax.h"
#include "lib/mime/index.h"

#define FETCH_ITEMS  32
#define FETCH_FIELDS 2048 /* octets of one list of field names */

enum fetch_kind {
	FETCH_FLAGS,
	FETCH_INTERNALDATE,
	FETCH_SIZE,
	FETCH_UID,
	FETCH_ENVELOPE,
	FETCH_BODY,          /* the structure, without extension data */
	FETCH_BODYSTRUCTURE,
	FETCH_SECTION,       /* BODY[...] and its elders               */
};

struct fetch_item {
	enum fetch_kind kind;
	const char *elder;   /* "RFC822.HEADER", NULL for BODY[...]    */
	enum section_text what;
	uint16_t path[TREE_DEPTH];
	uint8_t depth;
	bool fields, fields_not; /* HEADER.FIELDS, HEADER.FIELDS.NOT   */
	struct span names;   /* "(A B)", each an astring that needs no copy */
	bool partial;
	uint32_t first, max; /* of "<first.max>"                       */
};

struct fetch_program {
	struct fetch_item item[FETCH_ITEMS];
	size_t items;
	bool marks_seen; /* at least one section without PEEK */
};

/* fetch-att and the macros; must consume all of `in`.
 *
 * imap_syntax, imap_too_big */
FALLIBLE fetch_parse(struct span in, struct fetch_program *out);

/* Take the next name off a list that fetch_parse has passed. */
bool fetch_name_next(struct span *names, struct span *out);

/* The item's name as the response has it: "BODY[1.HEADER]<0>". */
bool put_fetch_label(struct buf *b, const struct fetch_item *i);
