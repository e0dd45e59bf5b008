/* header.h -- walks the fields of a message header, RFC 5322 section 2.2.
 *
 * A stored message may be anything that its owner appended, so this reader
 * never refuses: lines that are no field are skipped and reported.
 */
#pragma once

#include "lib/base/span.h"

struct header_field {
	struct span name;  /* without blanks before the colon            */
	struct span value; /* behind the colon; folds are still in it    */
	struct span whole; /* name to the last CRLF                      */
	bool blank_before_colon;
};

/* The header at the front of `message` with the empty line that ends it; all
 * of `message` when there is no empty line. */
struct span header_of(struct span message);

/* Take the next field off *rest.  False at the end.
 *
 * strays  counts lines that are no field and no fold of one */
bool header_next(struct span *rest, struct header_field *f, unsigned *strays);

/* The value of the first field of this name, SPAN_NONE if there is none. */
struct span header_find(struct span header, struct span name);

/* Take the line at the front with its LF, or all when there is no LF. */
struct span take_raw_line(struct span *in);

/* Is this line only CRLF or LF? */
bool line_is_blank(struct span line);
