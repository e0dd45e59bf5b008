/* reply.h -- what the virus engine answers, clamd(8).
 *
 *	reply = number ": " source ": " ( "OK" / name " FOUND" / text " ERROR" ) NUL
 *
 * Only the exact word OK says that a body is clean. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

#define REPLY_MAX 1024 /* octets */

enum finding { FOUND_ERROR, FOUND_NOTHING, FOUND_VIRUS };

struct reply {
	uint64_t number;
	enum finding finding;
	struct span name; /* FOUND_VIRUS: what; a view into the input */
};

/* Take the reply at the front of *in.
 *
 * done  false: it is not complete yet
 *
 * reply_syntax  not a reply, or more than REPLY_MAX octets */
FALLIBLE reply_take(struct span *in, struct reply *out, bool *done);
