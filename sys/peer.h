/* peer.h -- which program of this host is at the other end of a connection.
 *
 * A Unix socket says so itself (SO_PEERCRED).  For TCP over loopback the kernel
 * is asked whose the socket at the other end is (sock_diag(7)): who has no
 * socket on this host is no program of it, however its packets came here, by
 * route_localnet and an address translation for instance (NC-2.1.9.c).
 */
#pragma once

#include <stdint.h>

#include "lib/base/fault.h"

struct peer {
	uint32_t uid;
	uint32_t pid; /* 0: not known */
};

/* A socket for the questions, in the network namespace where the connections
 * are; before the sandbox. */
FALLIBLE peer_open(int *out);

/* Ask at once after accept: a program that is gone already is nobody.
 *
 * relay_denied  not a program of this host
 * sys_failed    the kernel does not say */
FALLIBLE peer_find(int questions, int connection, struct peer *out);
