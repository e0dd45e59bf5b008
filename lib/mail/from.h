/* from.h -- the mailboxes of From, Sender and their like, RFC 5322 section 3.4.
 *
 *	mailbox = [phrase] "<" addr-spec ">" / addr-spec
 *
 * Read strictly, for here it is decided in whose name a message speaks
 * (NC-2.1.7): no groups, no routes, no obsolete addr-spec, no encoded word
 * inside an address, nothing left over.  A dot in a phrase is taken
 * (docs/leniency.md).
 *
 * With SMTPUTF8 phrases, comments and addresses may have characters beyond ASCII
 * (RFC 6532 section 3.2); the caller has seen that the field is UTF-8.
 */
#pragma once

#include "lib/mail/address.h"

#define COMMENTS_MAX 16 /* nesting */

/* Take the next mailbox and the comma behind it off *value; *value must not be
 * empty.
 *
 * spec  the addr-spec as it stands
 * more  a comma came: another mailbox must follow
 *
 * header_syntax */
FALLIBLE mailbox_next(struct span *value, bool utf8, struct address *out,
	struct span *spec, bool *more);
