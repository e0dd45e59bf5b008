/* data.h -- the octets of a message out of a dot-ended stream, RFC 5321 section
 * 4.5.2, however the network cuts it.
 *
 * Only CRLF "." CRLF ends the data.  A CR or LF alone and a NUL are refused:
 * what one server takes for a line end and another does not is how a second
 * message is smuggled inside a first.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

#define DATA_LINE_MAX 16384 /* octets of a line without CRLF */

struct data_reader {
	enum data_at {
		DATA_LINE_START,
		DATA_IN_LINE,
		DATA_AFTER_CR,
		DATA_AFTER_DOT,    /* a dot began the line           */
		DATA_AFTER_DOT_CR, /* and a CR followed              */
		DATA_OVER,
	} at;
	size_t line; /* octets of the line so far */
};

void data_reader_init(struct data_reader *r);

/* Take octets from `in` up to the next point where the message is not what is
 * in `in`: a dot that goes, the end, or no more octets.
 *
 * piece  octets of the message, a view into `in`; may be empty
 * over   the data have ended; what is left of `in` are commands
 *
 * Call again while in->len > 0 and not over.
 *
 * line_bare_cr, line_bare_lf, line_control (NUL), line_too_long
 *                            close the connection
 */
FALLIBLE data_next(struct data_reader *r, struct span *in, struct span *piece,
	bool *over);

/* Octets of a message that come counted (RFC 3030): a dot is a dot, the rules
 * for lines are the same.  All of `in` is looked at.
 *
 * as data_next; the reader is of no use afterwards */
FALLIBLE data_check(struct data_reader *r, struct span in);

/* May the message end here?  Not behind a CR. */
static inline bool
data_may_end(const struct data_reader *r)
{
	return r->at != DATA_AFTER_CR;
}
