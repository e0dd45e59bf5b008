/* dsn.h -- a report that mail could not be delivered, or not yet, RFC 3464 in RFC
 * 3462's multipart/report.
 *
 * Neutral words (NC-2.1.3).  What another server said is in the machine-readable
 * part as it was kept: printable ASCII.  Of the original only the header goes
 * back (BS-D12), and only to a sender who had logged in (rule S2).
 *
 * An address beyond ASCII stands in the machine-readable part with \x{...}, as
 * RFC 6533 section 3 has it for such a report.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/time.h"

enum dsn_action { DSN_FAILED, DSN_DELAYED, DSN_RELAYED };

/* ORCPT and ENVID that are not sound are left out: their sender said them. */
struct dsn_rcpt {
	struct span address;
	struct span orcpt; /* value of ORCPT; empty: not said */
	struct span enhanced;   /* "5.1.1"                     */
	struct span diagnostic; /* "550 5.1.1 ..." or our word */
};

struct dsn {
	enum dsn_action action;
	struct span host;     /* ours, for Reporting-MTA               */
	struct span from;     /* who reports; unset: postmaster at `host` */
	struct span to;       /* the sender of the original            */
	struct span id;       /* of the original in our queue          */
	struct span envid;    /* value of ENVID; empty: not said       */
	struct span boundary; /* drawn at random by the caller         */
	struct span header;   /* of the original, whole lines          */
	struct instant now, arrived;
	struct instant until; /* DSN_DELAYED: it is tried until then   */
};

/* Append the report's beginning, a group of fields for each recipient, and its
 * end.  False: it does not fit. */
bool put_dsn_begin(struct buf *b, const struct dsn *d,
	const struct dsn_rcpt *rcpts, size_t count);
bool put_dsn_rcpt(struct buf *b, const struct dsn *d, const struct dsn_rcpt *r);
bool put_dsn_end(struct buf *b, const struct dsn *d);

/* The header at the front of a message, up to `cap` octets in whole lines. */
struct span dsn_header_of(struct span message, size_t cap);
