/* channel.h -- messages to and from another process.
 *
 * One packet is one struct of trust/messages.h.  What arrives is judged by
 * trust/rights.c before a handler sees it.  Sending never blocks: a channel
 * that is full says ipc_busy, a peer that is gone ipc_closed, and both are
 * answered to the client with a 4xx.
 */
#pragma once

#include "lib/base/fault.h"
#include "sys/loop.h"
#include "trust/messages.h"

struct channel;

/* A message that passed the gate.
 *
 * message  the struct of its type; valid during the call
 * fd       came along, -1 if none; the handler owns it */
typedef void on_message(void *owner, struct channel *c, const void *message,
	int fd);

/* The peer closed or was cut off.  `c` is freed after the call. */
typedef void on_gone(void *owner, struct channel *c);

/* A handler for every message type the role can get; an empty cell for a type
 * that passed the gate is a fault of ours: the process stops. */
struct handlers {
	on_message *on[MESSAGES];
	on_gone *gone; /* may be NULL */
};

/* Take over descriptor `fd`. */
FALLIBLE channel_open(struct loop *l, int fd, enum role self, enum role peer,
	uint32_t instance, const struct handlers *h, void *owner,
	struct channel **out);

/* Send one message; its head.type says which.  `fd` (-1: none) stays the
 * caller's.
 *
 * ipc_closed  c is NULL or the peer is gone
 * ipc_busy    the channel is full; nothing was sent */
FALLIBLE channel_send(struct channel *c, const void *message, int fd);

/* The same without a descriptor, and wait up to `timeout_us` for room: for what
 * nobody would ask for again.  Nothing else is served meanwhile, so only to a
 * peer that never waits for us. */
FALLIBLE channel_send_patiently(struct channel *c, const void *message,
	int64_t timeout_us);

/* Call `f` once, from the loop, when something can be sent again after ipc_busy;
 * for answers of many messages, which would else fill the channel. */
typedef void on_room(void *owner, struct channel *c);
void channel_on_room(struct channel *c, on_room *f);

/* Wait up to `timeout_us` for one message of `type` on a channel that serves
 * only such question and answer pairs (keys).  Other messages are handled. */
FALLIBLE channel_wait(struct channel *c, uint32_t type, void *message,
	int64_t timeout_us);

/* Close now; the gone handler is not called. */
void channel_close(struct channel **c);

/* End it because the peer does not read: both sides are told in a later turn,
 * as if the other one had gone. */
void channel_end(struct channel *c);

enum role channel_peer(const struct channel *c);
uint32_t channel_instance(const struct channel *c);

/* User id of whoever connected, as the kernel has it; UINT32_MAX: it does not
 * say. */
uint32_t channel_uid(const struct channel *c);

/* Stop or go on reading, from the next message on: back-pressure towards the
 * peer. */
void channel_pause(struct channel *c, bool paused);

/* A place for the owner's own pointer, one a channel. */
void channel_set_data(struct channel *c, void *data);
void *channel_data(const struct channel *c);

/* Called when a peer sent what it may not; sys/role.c tells master. */
typedef void on_forbidden(enum role peer, uint32_t instance, uint32_t type);
void channel_on_forbidden(on_forbidden *f);
