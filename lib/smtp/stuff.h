/* stuff.h -- a message as the data of DATA, RFC 5321 section 4.5.2: a dot that
 * begins a line is doubled, and CRLF "." CRLF ends it.
 *
 * Whatever cuts of the message come in, the same octets come out.  Nothing but
 * what is here can look like the end of the data to a server that takes a lone
 * CR or LF for a line end, because such a message was never accepted.
 */
#pragma once

#include "lib/base/buf.h"

struct stuffer {
	bool in_line; /* the last octet was not the LF of a line end */
};

/* Append as much of *in as fits, shortening it. */
void stuff(struct stuffer *s, struct span *in, struct buf *out);

/* Append the end of the data; false when it does not fit. */
bool stuff_end(struct stuffer *s, struct buf *out);
