/* envelope.h -- ENVELOPE and BODYSTRUCTURE, RFC 3501 section 7.4.2.
 *
 * Written from the header and the tree of a message, always in legal IMAP
 * syntax, long values cut.  Each put changes nothing when it does not fit.
 */
#pragma once

#include "lib/mime/tree.h"

#define ENVELOPE_MAX 40960 /* octets: what put_envelope can need at most */

/* header  of the message, as header_of() gives it */
bool put_envelope(struct buf *b, struct span header);

/* BODY, or BODYSTRUCTURE when `extended`, of the whole tree. */
bool put_structure(struct buf *b, const struct tree *t, struct span message,
	bool extended);

/* A message of one opaque part, for one whose structure is too big. */
bool put_structure_flat(struct buf *b, size_t body_len);
