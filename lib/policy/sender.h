/* sender.h -- may this login speak in that name? (NC-2.1.7, submission)
 *
 * Every address that an answer, a receipt or a report goes to is one of the
 * login's: its own, or one that a permit gives it (lib/conf/addresses.h).
 */
#pragma once

#include "lib/mail/field.h"
#include "lib/mail/from.h"

#define HEAD_NEEDED (HEADER_MAX + FIELD_MAX)

/* What belongs to a login; borrowed. */
struct sender_rights {
	struct span addresses; /* canonical, as blocks of lib/base/codec.h */
	bool whole_domains;    /* all of what is represented, instead: the
				* programs of a host, NC-2.1.9.e */
	bool utf8;             /* the message came with SMTPUTF8 */
	bool (*represents)(const void *site, struct span domain);
	const void *site;
};

/* Is this address one of the login's? */
bool sender_owns(const struct sender_rights *r, const struct address *a);

/* Look at the whole header of a message.
 *
 * message  its beginning: the whole, or at least HEAD_NEEDED octets of it
 * field  on a fault: the field that is at fault, a view into the message;
 *        SPAN_NONE when one is missing
 *
 * header_syntax, header_limit  it is no header, or has a field twice that may
 *                              stand once
 * header_from       not exactly one From with exactly one mailbox
 * sender_not_owned  another's address
 * mail_loop         more than HOPS_MAX Received fields */
FALLIBLE sender_check_header(struct span message,
	const struct sender_rights *r, struct span *field);

/* The part of it that holds for mail from other servers too: well-formed, not
 * too many fields, not in a loop. */
FALLIBLE header_check(struct span message, struct span *field);
