/* trace.h -- the Received field, RFC 5321 section 4.4.
 *
 * Neutral (NC-2.1.3): no product, no version.  A user's address is not told to
 * the world: for submission the client is left out.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/time.h"

struct trace {
	struct span helo;      /* graphic ASCII, at most 255 octets        */
	const uint8_t *peer;   /* 16 octets; NULL: a user, not named       */
	struct span host;      /* our name                                 */
	struct span protocol;  /* "ESMTPS"                                 */
	struct span id;
	struct instant time;
};

#define TRACE_MAX 1024 /* octets of the field, at most */

bool put_received(struct buf *b, const struct trace *t);
