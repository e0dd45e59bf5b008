/* acceptor.h -- takes connections off the listening sockets that master gave.
 *
 * One source (an IPv4 address, an IPv6 /64) holds a limited number of them, so
 * that no source can fill the table (NC-2.1.8).  Sources are counted in a
 * keyed sketch: two sources may share a count, and then the limit is reached
 * a little early; nobody can choose to share one.
 */
#pragma once

#include "lib/base/fault.h"
#include "sys/loop.h"

struct acceptor;

/* A connection, taken over: non-blocking.
 *
 * permit  number of the permit it came through
 * peer    IPv6, or IPv4 mapped into it
 *
 * Returns false when there is no connection now: it does not count for its
 * source.  The descriptor is closed by then. */
typedef bool on_accept(void *owner, int fd, int permit, const uint8_t peer[16],
	uint16_t port);

/* per_source  connections of one source at a moment */
FALLIBLE acceptor_open(struct loop *l, uint32_t per_source, on_accept *f,
	void *owner, struct acceptor **out);

/* A new listening socket of a permit, taken over; replaces an earlier one. */
FALLIBLE acceptor_listen(struct acceptor *a, int fd, int permit);
void acceptor_unlisten(struct acceptor *a, int permit);
void acceptor_unlisten_all(struct acceptor *a);

/* A connection that was wanted has ended. */
void acceptor_ended(struct acceptor *a, const uint8_t peer[16]);
