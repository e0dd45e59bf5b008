/* line.h -- command lines out of a stream, however the network cuts it. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

#define LINE_TEXT_MAX 2048 /* octets without CRLF; RFC 5321 section 4.5.3.1.4
			    * asks for 512, extensions for more */
#define LINE_READ_MAX 12286 /* read so that the peer can be told it is too much:
			     * RFC 4954 section 4 */

struct line_reader {
	struct buf text; /* the line so far, without CRLF     */
	bool saw_cr;     /* the last octet was a CR           */
	bool handed;     /* `text` was handed out: start anew */
	uint16_t lost;   /* octets of the line that are not in `text` */
	uint8_t storage[LINE_TEXT_MAX];
};

void line_reader_init(struct line_reader *r);

/* Take octets from `in` until one line is complete.
 *
 * in    shortened by what was taken; the rest belongs to the next line
 * line  the line without its CRLF, valid until the next call;
 *       SPAN_NONE if `in` ran out first.  When r->lost is not 0 the line was
 *       longer than LINE_TEXT_MAX, and this is its beginning.
 *
 * line_bare_cr, line_bare_lf  CR and LF must come as a pair, RFC 5321
 *                             section 2.3.8: accepting either alone is how
 *                             messages are smuggled past a filter
 * line_too_long               more than LINE_READ_MAX octets
 *
 * After a fault the stream has no next line: close the connection.
 */
FALLIBLE line_next(struct line_reader *r, struct span *in, struct span *line);
