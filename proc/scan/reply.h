/* reply.h -- what the virus engine answers in a session, clamd(8).
 *
 *	reply   = number ": " ( finding / version ) NUL
 *	finding = subject ": " ( "OK" / name " FOUND" / text " ERROR" ) /
 *	          "INSTREAM size limit exceeded. ERROR"
 *	subject = "fd[" number "]" / "stream"
 *	version = "ClamAV " text [ "/" number "/" date ]
 *
 * A body is clean by the exact word OK and by nothing else.  What has another
 * form is no reply, and the session is over.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/base/time.h"

#define REPLY_MAX 1024 /* octets */

enum reply_kind {
	REPLY_ERROR, /* no verdict                                      */
	REPLY_CLEAN,
	REPLY_FOUND,     /* `name` says what                            */
	REPLY_UNCHECKED, /* not all of it: too deep, too large or
			  * encrypted; `name` says which                */
	REPLY_TOO_LONG, /* a stream of more than the engine's StreamMaxLength;
			 * the engine ends the session               */
	REPLY_VERSION,
};

struct reply {
	uint64_t number; /* of the command that is answered, from 1     */
	enum reply_kind kind;
	bool stream; /* a finding about a stream, not a descriptor      */
	struct span name; /* a view into the input                      */
	/* REPLY_VERSION: the day of the signatures by the engine's clock;
	 * 0 when it does not say */
	struct instant signatures;
};

/* Take the reply at the front of *in.
 *
 * done  false: it is not complete yet, and *in is unchanged
 *
 * reply_syntax  not a reply, or more than REPLY_MAX octets */
FALLIBLE reply_take(struct span *in, struct reply *out, bool *done);
