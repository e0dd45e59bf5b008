/* reply.h -- what an SMTP server says, RFC 5321 section 4.2, RFC 2034. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

#define REPLY_LINE_MAX 512 /* octets of a line with CRLF, section 4.5.3.1.5 */

/* "250 2.1.5 text" CRLF; `enhanced` NULL leaves it out.  Nothing is appended
 * when it does not fit. */
bool put_reply(struct buf *out, unsigned code, const char *enhanced,
	struct span text);

/* What a fault says to the peer. */
bool put_reply_fault(struct buf *out, const struct fault *f);

/* "250-text" CRLF, or with `last` "250 text" CRLF */
bool put_reply_line(struct buf *out, unsigned code, struct span text,
	bool last);
