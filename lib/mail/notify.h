/* notify.h -- what a sender wants to hear of its message, RFC 3461: the values of
 * RET, ENVID, NOTIFY and ORCPT, as they stand in SMTP and are carried on.
 *
 * An xtext is printable ASCII; "+41" in it is the octet 0x41.  What it stands for
 * must be printable too, because it gets into reports (security rule P3).
 */
#pragma once

#include "lib/base/buf.h"

#define ENVID_MAX 100 /* octets, RFC 3461 section 4.4 */
#define ORCPT_MAX 500 /* octets, RFC 3461 section 4.2 */

/* 0: not said, reports on failure and delay */
enum {
	NOTIFY_NEVER = 1,
	NOTIFY_SUCCESS = 2,
	NOTIFY_FAILURE = 4,
	NOTIFY_DELAY = 8,
	NOTIFY_ALL = 15,
};

enum dsn_return {
	RETURN_UNSAID,
	RETURN_FULL,
	RETURN_HEADERS,
	RETURN_MAX = RETURN_HEADERS
};

/* "NEVER" / "SUCCESS,FAILURE,DELAY", each once, in any case; false: neither */
bool notify_parse(struct span value, unsigned *out);
bool put_notify(struct buf *b, unsigned notify);

/* One octet or more of sound xtext? */
bool xtext_is_sound(struct span text);

/* What a sound xtext stands for; false when it does not fit. */
bool xtext_decode(struct span text, struct buf *out);

/* addr-type ";" xtext, or with the type "utf-8" (RFC 6533 section 3) printable
 * characters and \x{...}.
 *
 * utf8  characters beyond ASCII may stand there as they are */
bool orcpt_is_sound(struct span value, bool utf8);
