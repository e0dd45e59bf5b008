/* control.h -- talk to a running site over RUN-DIRECTORY/ctl/ROLE.sock.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/conf/site.h"
#include "trust/messages.h"

/* Connect to a role.
 *
 * ipc_closed  the site does not run
 * sys_failed  it does, but we may not (errno says why) */
FALLIBLE control_open(const struct site *s, enum role role, int *out);

/* Send one message, whose head.type names it; `with` -1 or a descriptor. */
FALLIBLE control_send(int fd, const void *message, int with);

/* A message that came back; large enough for each that CTL may get. */
union control_answer {
	struct head head;
	struct ctl_done done;
	struct queue_row row;
	struct process_row process;
	struct limit_shown limit;
};

/* Wait for the next message, at most ten seconds.
 *
 * ipc_closed     the role went away or did not answer
 * ipc_forbidden, ipc_malformed  it sent what it may not */
FALLIBLE control_receive(int fd, enum role from, union control_answer *out);
