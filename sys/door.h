/* door.h -- who comes in: the connections of a role's permits before they are
 * sessions (NC-2.1.8).
 *
 * The acceptor gives a connection a place among its source's sessions, the
 * meter says whether the source may come at all; until then nothing is read and
 * nothing said.  Who is refused reads why: a client of SMTP what the role says,
 * a client of TLS an alert.  sys/role.c owns the door; roles see their hooks.
 */
#pragma once

#include "sys/role.h"

struct door;

/* metered  ask the meter; else everybody with a place comes in */
FALLIBLE door_open(struct role_process *r, const struct client_hooks *hooks,
	void *owner, bool metered, struct door **out);

struct acceptor *door_acceptor(struct door *d);

/* Is this the answer to a question of ours?  Then it is done. */
bool door_answer(struct door *d, const struct limit_answer *m);

/* Whoever waits is refused: the meter is away, we stop. */
void door_refuse_all(struct door *d, const struct fault *why);
