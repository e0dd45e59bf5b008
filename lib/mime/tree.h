/* tree.h -- the parts of a whole message, RFC 2045, RFC 2046.
 *
 * One pass over the lines with an explicit stack; the work is in proportion to
 * the message, however it is nested.  Nothing is refused: what is ambiguous or
 * over a limit sets a bit, and what lies behind a limit is one opaque leaf.
 * Those who judge content turn the bits into verdicts.
 */
#pragma once

#include "lib/mime/content.h"
#include "lib/mime/header.h"

#define TREE_DEPTH    20
#define TREE_PARTS    1000
#define BOUNDARY_MAX  70 /* octets, RFC 2046 section 5.1.1 */

enum part_kind {
	PART_LEAF,
	PART_MULTIPART, /* children are its parts                     */
	PART_MESSAGE,   /* message/rfc822; the one child is a message */
};

enum part_encoding {
	ENCODING_7BIT,
	ENCODING_8BIT,
	ENCODING_BINARY,
	ENCODING_QP,
	ENCODING_BASE64,
	ENCODING_OTHER, /* unknown or unreadable: treat as octets */
};

/* What was ambiguous; of a node and, joined, of the tree. */
enum part_flag {
	PART_TYPE_TWICE = 1 << 0,
	PART_TYPE_SYNTAX = 1 << 1,
	PART_ENCODING_TWICE = 1 << 2,
	PART_ENCODING_SYNTAX = 1 << 3, /* more than one plain token       */
	PART_ENCODING_UNKNOWN = 1 << 4,
	PART_ENCODED_COMPOSITE = 1 << 5, /* multipart in base64 or the like */
	PART_DISPOSITION_TWICE = 1 << 6,
	PART_PARAM_SYNTAX = 1 << 7,
	PART_PARAM_TWICE = 1 << 8,
	PART_PARAMS_MANY = 1 << 9,      /* more than PARAMS_MAX            */
	PART_BOUNDARY_MISSING = 1 << 10,
	PART_BOUNDARY_SYNTAX = 1 << 11, /* empty, over 70, or bad octets   */
	PART_UNCLOSED = 1 << 12,        /* no closing delimiter            */
	PART_PREAMBLE = 1 << 13,        /* text before the first delimiter */
	PART_EPILOGUE = 1 << 14,        /* text after the last one         */
	PART_HEADER_STRAY = 1 << 15,    /* a line that is no field         */
	PART_HEADER_BLANK = 1 << 16,    /* a blank before the colon        */
	PART_HEADER_OPEN = 1 << 17,     /* no empty line behind the header */
	PART_LINE_ENDS = 1 << 18,       /* CR or LF alone                  */
	PART_NUL = 1 << 19,
	PART_TOO_DEEP = 1 << 20,
	PART_TOO_MANY = 1 << 21,
	PART_PARTIAL = 1 << 22,         /* message/partial                 */
	PART_NO_VERSION = 1 << 23,      /* MIME fields, no MIME-Version    */
	PART_DELIMITER_LIKE = 1 << 24,  /* a line begins as a delimiter    */
};

struct part {
	uint32_t header_at, header_len; /* with the empty line         */
	uint32_t body_at, body_len;
	uint32_t lines;                 /* of the body                 */
	uint32_t flags;                 /* enum part_flag              */
	uint16_t parent, first, next;   /* numbers of parts; 0: none   */
	uint16_t depth;
	enum part_kind kind;
	enum part_encoding encoding;

	/* values as in the header; SPAN_NONE where the field is missing */
	struct content_type type;       /* text/plain by default       */
	struct span encoding_text, disposition, id, description;
	struct span md5, language, location;
};

struct tree {
	struct part *part; /* [0] is the message                   */
	size_t len, cap;
	uint32_t flags;    /* of all parts                         */
};

/* Read the message.
 *
 * message  at most UINT32_MAX octets; the parts' spans point into it
 * t        t->part and t->cap are given, cap from 1 to TREE_PARTS
 */
void tree_read(struct tree *t, struct span message);

static inline struct span
part_header(const struct part *p, struct span message)
{
	return span_at(message.at + p->header_at, p->header_len);
}
