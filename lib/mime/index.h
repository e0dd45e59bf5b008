/* index.h -- what IMAP must know of a message, worked out once at delivery.
 *
 * The store keeps the blob beside the message; a session answers FETCH from it
 * and needs the message only for its octets.  Numbers in it are in the byte
 * order of the machine, as everything that the store writes.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/mime/tree.h"

#define INDEX_MAX 131072 /* octets of a blob */

/* enum part_kind, and which leaves are text. */
enum index_kind { INDEX_LEAF, INDEX_MULTIPART, INDEX_MESSAGE, INDEX_TEXT };

struct index_part {
	uint32_t header_at, header_len, body_at, body_len;
	uint16_t parent, first, next; /* numbers of parts, 0: none */
	uint8_t kind;                 /* enum index_kind           */
	uint8_t encoding;             /* enum part_encoding        */
};

/* A blob that was looked over; points into it. */
struct index {
	uint32_t size;        /* octets of the message               */
	uint32_t flags;       /* enum part_flag of the whole message */
	uint32_t header_len;  /* with the empty line                 */
	uint32_t parts;       /* at least 1                          */
	const uint8_t *part;  /* read with index_part()              */
	struct span envelope, body, structure; /* as FETCH writes them */
};

/* Work out the blob of a message.
 *
 * tree  scratch: part and cap are given; holds the parts afterwards
 * out   emptied; INDEX_MAX octets of storage are always enough
 *
 * A message whose structure is too big for the blob gets one opaque part. */
void index_make(struct span message, struct tree *tree, struct buf *out);

/* record_damaged  not a blob of index_make */
FALLIBLE index_open(struct span blob, struct index *out);

/* Turn the blob of a message into that of the same message with `by` octets of
 * header fields put before it.  What the texts say of a message is true of both.
 *
 * blob  of index_make; its size + by is at most UINT32_MAX */
void index_shift(struct buf *blob, uint32_t by);

/* n < x->parts */
struct index_part index_part(const struct index *x, size_t n);

enum section_text {
	SECTION_BODY,   /* the whole, or the body of the numbered part    */
	SECTION_HEADER, /* of the message, or of a message/rfc822 part    */
	SECTION_TEXT,   /* the body of it                                 */
	SECTION_MIME,   /* the header of the numbered part                */
};

/* Where a section of FETCH lies, RFC 3501 section 6.4.5.  False when the
 * message has no such part.
 *
 * path  part numbers from 1, `depth` of them */
bool index_find(const struct index *x, const uint16_t *path, size_t depth,
	enum section_text what, uint32_t *at, uint32_t *len);
