/* proxy.h -- who a connection really comes from, as a load balancer says in front
 * of it: the PROXY protocol, version 2 (www.haproxy.org, proxy-protocol.txt).
 *
 *	signature "\r\n\r\n\0\r\nQUIT\n", version and command, family, length,
 *	two addresses and ports, then TLVs
 *
 * A stranger could name any source, so a listener takes it only from listed
 * peers and then always (NC-2.1.5).  TCP over IPv4 and IPv6 is taken, and LOCAL,
 * which speaks for the peer itself.  TLVs must be whole; of what they say only
 * the checksum is looked at.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

#define PROXY_FIXED 16   /* octets before the addresses */
#define PROXY_MAX   1040 /* octets of a header, all in all */

struct proxy_reader {
	size_t len;
	uint8_t octets[PROXY_MAX];
};

struct proxy_source {
	bool local; /* the peer itself; nothing else is said */
	uint8_t client[16], server[16]; /* IPv4 mapped into IPv6 */
	uint16_t client_port, server_port;
};

void proxy_reader_init(struct proxy_reader *r);

/* Take octets from `in` until the header is complete; what follows is the
 * client's.
 *
 * done  *out is the source
 *
 * proxy_syntax  close the connection: it is no header, or says what is not
 *               taken */
FALLIBLE proxy_next(struct proxy_reader *r, struct span *in,
	struct proxy_source *out, bool *done);
