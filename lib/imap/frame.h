/* frame.h -- cuts the stream of an IMAP client into commands.
 *
 * A command is lines joined by literals (RFC 3501 section 2.2.1, RFC 7888).
 * The framer collects it as it came, literals included, without the last CRLF;
 * recognisers read it whole afterwards.  A literal that shall not be collected
 * (the message of APPEND) is left to the caller: it takes the octets itself.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

#define LITERAL_MAX 4096 /* octets, of a literal that is collected */

enum frame_event {
	FRAME_MORE,    /* `in` ran out                                      */
	FRAME_LITERAL, /* the line announces a literal: see frame_literal_* */
	FRAME_COMMAND, /* the command is complete                           */
};

struct frame {
	struct buf text;     /* the command so far                        */
	size_t line;         /* where in it the last line begins          */
	bool saw_cr;         /* the last octet was a CR                   */
	bool handed;         /* the command was handed out: start anew    */
	uint64_t literal;    /* octets of the literal announced or coming */
	bool sync;           /* the client waits for "+"                  */
	bool waiting;        /* for the caller's word on the literal      */
};

/* storage  for one command, borrowed for the framer's life */
void frame_init(struct frame *f, void *storage, size_t cap);

/* Take octets from `in` until something happened.  After FRAME_LITERAL the
 * caller calls one of frame_collect, frame_leave and frame_skip.
 *
 * imap_line_ends  CR or LF alone, or a NUL outside a literal
 * imap_too_big    more octets than the storage has
 * imap_syntax     "{" digits "}" that is no 32-bit number
 *
 * After a fault the stream has no next command: close the connection.
 */
FALLIBLE frame_next(struct frame *f, struct span *in, enum frame_event *event);

/* Collect the announced literal.  imap_too_big: it has more than LITERAL_MAX
 * octets or there is no room; nothing changed then. */
FALLIBLE frame_collect(struct frame *f);

/* The caller takes the literal's octets off the stream itself; the line goes
 * on behind it. */
void frame_leave(struct frame *f);

/* The client will not send the literal: the command is over. */
void frame_skip(struct frame *f);

static inline struct span
frame_text(const struct frame *f)
{
	return buf_view(&f->text);
}
