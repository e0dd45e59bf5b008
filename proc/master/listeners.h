/* listeners.h -- the only code of Posthold that binds or listens (NC-2.1.1).
 *
 * New settings are used in three steps: all sockets that they want are made
 * (listeners_prepare, the only one that can fail), those that they do not want
 * are closed (listeners_retire), and, when m->site is the new settings, the
 * sockets are handed out (listeners_use).  A permit with the service, address
 * and port of an earlier one keeps its socket and the clients that wait in it.
 */
#pragma once

#include "proc/master/process.h"

/* For OWNED. */
void sockets_close(struct sockets *s);

/* A socket for every permit of `site` that is open now; what m->site has stays
 * as it is.
 *
 * sys_failed  a permitted address cannot be bound; standard error says which */
FALLIBLE listeners_prepare(const struct master *m, const struct site *site,
	struct instant now, struct sockets *out);

/* End the sockets of m->site that `next` does not go on with. */
void listeners_retire(struct master *m, const struct sockets *next);

/* Take the sockets over as those of m->site and tell the roles. */
void listeners_use(struct master *m, struct sockets *s);

/* Close the sockets whose permit has ended. */
void listeners_end_permits(struct master *m, struct instant now);

/* When the next permit ends; INT64_MAX: none. */
struct instant listeners_next_end(const struct master *m, struct instant now);

/* A host that only sends: RUN/smtp.sock and RUN/lmtp.sock, for every program of
 * this host. */
FALLIBLE listeners_bind_local(struct master *m);

/* The control sockets RUN/ctl/ROLE.sock, mode 0600. */
FALLIBLE listeners_bind_controls(struct master *m);
