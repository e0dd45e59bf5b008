/* rights.h -- the gate between processes. */
#pragma once

#include "lib/base/fault.h"
#include "trust/messages.h"

enum fd_rule { NO_FD, WITH_FD, MAY_FD };

/* A packet as it came off a channel, before anybody looked inside. */
struct packet {
	const void *octets; /* 8-octet aligned */
	size_t len;
	int fd; /* -1: none came along */
};

/* Judge a packet that role `from` sent to role `self`.
 *
 * The kernel says which channel it came from, so `from` cannot be forged.
 * A fault means that the peer has been taken over or is broken: the caller
 * closes the channel and has the peer killed; it never answers.
 *
 * ipc_forbidden  no such message, or not from this role to that one
 * ipc_malformed  wrong size, or a descriptor too few or too many
 */
FALLIBLE rights_admit(enum role from, enum role self, const struct packet *p);

/* May anything at all be said between the two?  Master makes a channel for
 * each such pair. */
bool rights_linked(enum role a, enum role b);

/* Size of a message, 0 for what is none; its name. */
size_t message_size(uint32_t type);
const char *message_name(uint32_t type);
