/* mend.h -- the header of a message that a program of this host hands in.
 *
 * Programs leave out what a message must have (RFC 6409 section 8), and write
 * names that mean something on this host only.  Here the first is added and the
 * second is set aside: a field whose address does not pass sender.h becomes
 * X-Original-..., and a From that nobody else may use takes its place.  What
 * comes out has passed sender_check_header, whatever came in (NC-2.1.9.e).
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/policy/sender.h"

struct mend {
	struct sender_rights rights;
	bool refuse;        /* instead of setting aside           */
	struct span sender; /* the From that is always good       */
	struct span date;   /* now, RFC 5322 section 3.3          */
	struct span id;     /* a new msg-id without its brackets  */
};

#define MEND_GROWTH 2048 /* octets that it may add, at most */

/* Append the mended header to `out`, without the empty line.
 *
 * header  all fields; an empty line and what follows is left alone
 * field   the first that was set aside, or that is at fault; SPAN_NONE: none
 *
 * As sender_check_header; header_limit also when it does not fit. */
FALLIBLE mend_header(struct span header, const struct mend *m, struct buf *out,
	struct span *field);
