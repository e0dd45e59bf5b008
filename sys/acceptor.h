/* acceptor.h -- takes connections off the listening sockets that master gave.
 *
 * No source can fill the table (NC-2.1.8): lib/policy/share.h says who gets a
 * place, by the settings in force at that moment.  Who gets none reads why.  The
 * source of a Unix socket is its user.
 */
#pragma once

#include "lib/conf/site.h"
#include "sys/loop.h"

struct acceptor;

/* A connection, taken over: non-blocking.
 *
 * permit  number of the permit, or of the Unix socket, that it came through
 * peer    IPv6, or IPv4 mapped into it; of a Unix socket made of its user
 *
 * Returns false when there is no connection now: it does not count for its
 * source.  The descriptor is closed by then. */
typedef bool on_accept(void *owner, int fd, int permit, const uint8_t peer[16],
	uint16_t port);

/* What a client reads that is not let in for this reason: append it to `out`, or
 * nothing. */
typedef void put_refusal(void *owner, struct buf *out, int permit,
	const uint8_t peer[16], const struct fault *why);

/* All places are taken: end the connection that is of least use, for which
 * acceptor_ended is called.  False: all are of use. */
typedef bool make_place(void *owner);

struct acceptor_events {
	on_accept *accept;
	put_refusal *refusal; /* may be NULL, as the next one */
	make_place *place;
};

/* `site` is read at each connection: it may change in its place. */
FALLIBLE acceptor_open(struct loop *l, const struct site *site,
	const struct acceptor_events *events, void *owner,
	struct acceptor **out);

/* A new listening socket of a permit, taken over; replaces an earlier one. */
FALLIBLE acceptor_listen(struct acceptor *a, int fd, int permit);
void acceptor_unlisten(struct acceptor *a, int permit);
void acceptor_unlisten_all(struct acceptor *a);

/* A connection that was wanted has ended. */
void acceptor_ended(struct acceptor *a, const uint8_t peer[16]);

/* It is not wanted after all: say why, close, and it has ended. */
void acceptor_refuse(struct acceptor *a, int fd, int permit,
	const uint8_t peer[16], const struct fault *why);
