/* stream.h -- a connection's octets, in the clear or under TLS.
 *
 * Input is offered from one buffer that the whole process shares, so an idle
 * connection holds none.  The owner says how much it took; a rest is kept, and
 * nothing more is read until it has been taken (stream_resume).  Output that
 * the kernel does not take at once is kept up to STREAM_OUTPUT_MAX.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"
#include "sys/loop.h"
#include "sys/tls.h"

#define STREAM_OUTPUT_MAX (256 << 10) /* octets waiting to be sent */
#define STREAM_INPUT      (64 << 10)  /* octets offered at once    */

struct stream;

enum stream_end {
	STREAM_CLOSED,  /* the peer ended it in order                    */
	STREAM_CUT,     /* it ended without close_notify, or was reset   */
	STREAM_BROKEN,  /* TLS failed; stream_reason says why            */
	STREAM_TIMEOUT, /* the deadline passed                           */
};

struct stream_events {
	/* Octets came; returns how many were taken.  May finish or abort the
	 * stream. */
	size_t (*input)(void *owner, struct span in);
	/* all that was written is out; may be NULL */
	void (*drained)(void *owner);
	/* the handshake is complete; may be NULL without TLS */
	void (*secured)(void *owner);
	/* It is over; the stream is freed after the call.  Not called after
	 * stream_finish or stream_abort. */
	void (*ended)(void *owner, enum stream_end why);
};

/* Take over a connected, non-blocking descriptor. */
FALLIBLE stream_open(struct loop *l, int fd, const struct stream_events *events,
	void *owner, struct stream **out);

/* Send, or keep to send.
 *
 * ipc_busy  more than STREAM_OUTPUT_MAX would wait; nothing was taken */
FALLIBLE stream_write(struct stream *s, struct span octets);

/* Octets waiting to be sent. */
size_t stream_waiting(const struct stream *s);

/* Octets that came but were not taken.  Before a STARTTLS handshake there must
 * be none (security rule T2). */
size_t stream_rest(const struct stream *s);

/* Has the peer sent octets that were not offered yet?  What is still under way
 * cannot be known. */
bool stream_has_input(const struct stream *s);

/* Begin TLS once the output is out.  `secured` or `ended` follows. */
FALLIBLE stream_accept_tls(struct stream *s, const struct tls_context *c);
FALLIBLE stream_connect_tls(struct stream *s, const struct tls_context *c,
	struct span host);

/* NULL before `secured`. */
const struct tls *stream_tls(const struct stream *s);

/* The connection itself, to be shown to others; -1 for NULL. */
int stream_fd(const struct stream *s);
const char *stream_reason(const struct stream *s);

/* Offer the rest again and go on reading. */
void stream_resume(struct stream *s);

/* Stop reading, until stream_resume. */
void stream_pause(struct stream *s);

/* `ended` with STREAM_TIMEOUT in `us` unless set again. */
void stream_deadline(struct stream *s, int64_t us);

/* Send what waits, say that nothing follows, close; sets *s to NULL. */
void stream_finish(struct stream **s);

/* Close now; sets *s to NULL. */
void stream_abort(struct stream **s);
