/* response.h -- what an SMTP server answers, RFC 5321 section 4.2, read as a
 * client.
 *
 *	Reply-line = *( code "-" [ textstring ] CRLF ) code [ SP textstring ] CRLF
 *
 * A server is a stranger too: lines, text and their number are bounded, and
 * what is no reply is a fault of the server's, which defers the message.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/smtp/line.h"

#define RESPONSE_LINES 100   /* of one reply */
#define RESPONSE_MAX   65536 /* octets of one reply */
#define RESPONSE_TEXT  400   /* octets kept of its last line */

struct response {
	unsigned code;        /* 200 to 599 */
	uint8_t enhanced[12]; /* "5.1.1", NUL padded; of the same class as code */
	uint16_t text_len;
	uint8_t text[RESPONSE_TEXT]; /* printable ASCII, the rest is '?' */
};

/* One line of a reply, for EHLO keywords. */
typedef void on_response_line(void *arg, struct span text);

struct response_reader {
	struct line_reader line;
	struct response so_far;
	unsigned lines;
	size_t octets;
	bool begun;
};

void response_reader_init(struct response_reader *r);

/* Take octets until a reply is complete.
 *
 * each  called with the text of every line; may be NULL
 * done  *out is the reply
 *
 * response_syntax  no reply, or codes that differ from line to line
 * response_limit   too long; close the connection after either */
FALLIBLE response_next(struct response_reader *r, struct span *in,
	on_response_line *each, void *arg, struct response *out, bool *done);

/* A reply of our own making, for what no server said.  enhanced at most 11
 * octets. */
void response_make(struct response *r, unsigned code, const char *enhanced,
	struct span text);

static inline unsigned
response_class(const struct response *r)
{
	return r->code / 100;
}
