/* address.h -- a mailbox, RFC 5321 section 4.1.2.
 *
 *	Mailbox     = Local-part "@" ( Domain / address-literal )
 *	Local-part  = Dot-string / Quoted-string
 *
 * One strict reading for envelope, settings and headers.  "%" and "!" are
 * ordinary characters of an Atom and never a route; a source route is no
 * Mailbox.  An address literal is IPv4 or IPv6.  A label "xn--..." has a U-label.
 *
 * With SMTPUTF8 (RFC 6531 section 3.3) the local part may have characters beyond
 * ASCII and the domain U-labels.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

#define LOCAL_MAX   64  /* octets, RFC 5321 section 4.5.3.1.1 */
#define DOMAIN_MAX  255 /* octets, RFC 5321 section 4.5.3.1.2 */
#define LABEL_MAX   63  /* octets, RFC 1035 section 2.3.4     */
#define MAILBOX_MAX 254 /* octets: a path has 256, section 4.5.3.1.3 */

/* Views into the text that was parsed. */
struct address {
	struct span local; /* as written, quotes included */
	struct span domain; /* without brackets when it is a literal */
	bool is_literal;
	bool utf8; /* something in it is beyond ASCII */
};

/* The whole of `text` is a Mailbox.
 *
 * address_8bit    an octet beyond ASCII
 * address_syntax  anything else that is not the grammar, or too long */
FALLIBLE address_parse(struct span text, struct address *out);

/* The same with SMTPUTF8; never address_8bit. */
FALLIBLE address_parse_utf8(struct span text, struct address *out);

/* Read a Mailbox off the front of *in, with SMTPUTF8 or without. */
FALLIBLE address_take(struct span *in, struct address *out);
FALLIBLE address_take_utf8(struct span *in, struct address *out);

/* The one form that is compared and looked up: quotes gone where an atom will
 * do, escapes undone, local part and domain in lower case, U-labels as A-labels.
 * `out` needs room for MAILBOX_MAX octets.
 *
 * A site's mailboxes are one whatever the case of the local part: RFC 5321
 * section 2.4 discourages any other. */
FALLIBLE address_canonical(const struct address *a, struct buf *out);

/* What stands behind the last "@"; empty when there is none. */
struct span address_domain(struct span mailbox);

/* Domain: LDH labels, no final dot, at most 255 octets, RFC 5321 section 4.1.2
 * with the limits of RFC 1035. */
bool domain_is_valid(struct span domain);

/* A domain, with U-labels or without, as it is compared and looked up.  False,
 * and nothing appended: it is none, or does not fit. */
bool put_domain(struct buf *b, struct span domain);
