/* fields.h -- the MIME fields of one part, for tree.c. */
#pragma once

#include "lib/mime/tree.h"

/* Values of the first field of each name, SPAN_NONE where it is missing. */
struct mime_fields {
	struct span type, encoding, disposition, id, description;
	struct span md5, language, location, version;
};

/* Returns what was ambiguous, enum part_flag. */
uint32_t mime_fields_read(struct span header, struct mime_fields *m);

/* encoding = token, RFC 2045 section 6.1; adds to *flags. */
enum part_encoding encoding_read(struct span value, uint32_t *flags);

/* The boundary parameter, quoted-pairs resolved, into `boundary`, a buf of
 * BOUNDARY_MAX octets.  False when there is none that could delimit. */
bool boundary_read(struct span params, struct buf *boundary, uint32_t *flags);
