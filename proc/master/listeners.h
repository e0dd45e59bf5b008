/* listeners.h -- the only code of Posthold that binds or listens (NC-2.1.1). */
#pragma once

#include "proc/master/process.h"

/* Bind what the permits of m->site open now and close what they do not; says
 * so in the log.  A socket that stays as it is is not touched.
 *
 * sys_failed  a permitted address cannot be bound; the log and standard error
 *             say which */
FALLIBLE listeners_follow_permits(struct master *m, struct instant now);

/* After new settings: every permit may be another one. */
void listeners_close_all(struct master *m);

/* The control sockets RUN/ctl/ROLE.sock, mode 0600. */
FALLIBLE listeners_bind_controls(struct master *m);

/* When the next permit ends; INT64_MAX: none. */
struct instant listeners_next_end(const struct master *m, struct instant now);
