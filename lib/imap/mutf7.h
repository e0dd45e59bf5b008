/* mutf7.h -- mailbox names on the wire and inside, RFC 3501 section 5.1.3.
 *
 * On the wire a name is modified UTF-7, inside it is UTF-8.  Both have one
 * spelling only: what would be written otherwise is refused, so no two names
 * on the wire are the same mailbox.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

/* imap_name  not modified UTF-7, or not the spelling that put_mutf7 gives, or
 *            longer than the room in `out`; `out` is unchanged then */
FALLIBLE mutf7_decode(struct span wire, struct buf *out);

/* False when `utf8` is not UTF-8 or the result does not fit. */
bool put_mutf7(struct buf *b, struct span utf8);

/* A mailbox name of a client, checked, in UTF-8: components between "/" that
 * are not empty, "." or "..", no control character, no "*" or "%", no "~" or
 * "#" in front, at most 255 octets; "INBOX" in any case is "INBOX".
 *
 * imap_name  anything else; `out` is unchanged then */
FALLIBLE mailbox_name(struct span wire, struct buf *out);
