/* address_list.h -- the addresses of a header field, for ENVELOPE.
 *
 * RFC 5322 section 3.4, read so that no field is refused: what lies between
 * commas is one address however it is spelled.  "Name <local@domain>" and
 * "local@domain (Name)" give a name; a word without "@" is a mailbox with an
 * empty host.  Groups are begun and ended as RFC 3501 section 7.4.2 says.
 */
#pragma once

#include "lib/base/buf.h"

#define ADDRESSES_MAX 128 /* written of one field */

struct address_item {
	enum { ADDRESS, GROUP_BEGIN, GROUP_END } kind;
	struct span name;    /* phrase or comment, SPAN_NONE if none     */
	struct span route;   /* "@a,@b" of an old source route           */
	struct span mailbox; /* local part or name of the group          */
	struct span host;
};

/* Take the next address off *in.  in_group is kept between calls, false at
 * first.  False at the end; a group that is open is ended before. */
bool address_next(struct span *in, bool *in_group, struct address_item *out);

/* "(" 1*address ")" or NIL; what does not fit into the buf is left out, but
 * groups are ended.  False when not even NIL fits. */
bool put_address_list(struct buf *b, struct span value);
