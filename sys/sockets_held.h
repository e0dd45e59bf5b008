/* sockets_held.h -- for sys/sockets.c: who holds which socket. */
#pragma once

#include "sys/sockets.h"

/* Mark what the site holds, and add what sock_diag does not tell
 * (s->missing). */
FALLIBLE sockets_held(pid_t master, struct sockets_scan *s);

/* Add a socket that is not there yet. */
FALLIBLE sockets_add(struct sockets_scan *s, const struct waiting_socket *w);
