/* local.h -- takes mail of this host's own programs (NC-2.1.9).
 *
 * A session is a stream, the engine of lib/smtp and one transaction, as in
 * intake/, but nobody logs in: the kernel says who the program is.  The header
 * of a message is held back until it is whole, then mended (lib/policy/mend.h)
 * and written to the body that the queue gets.
 */
#pragma once

#include "intake/patience.h"
#include "intake/transaction.h"
#include "lib/smtp/server.h"
#include "sys/acceptor.h"
#include "sys/mac.h"
#include "sys/peer.h"
#include "sys/pool.h"
#include "sys/role.h"
#include "sys/stream.h"

struct local {
	struct role_process *role;
	struct pool *sessions;
	struct arena_pool arenas;
	int questions; /* for sys/peer.h */
	struct smtp_profile profiles[SITE_LISTENERS]; /* by permit and socket */
	bool stopping;
};

enum waits { WAITS_NOT, WAITS_SPOOL, WAITS_QUEUE };

/* The header of a message while it arrives. */
struct header {
	struct body body; /* what came of it                      */
	uint32_t tail;    /* its last four octets, to see the end */
	bool over;        /* mended and written                   */
};

struct session {
	struct local *local;
	struct stream *stream; /* NULL: over, to be forgotten */
	struct timer *timer;
	struct patience patience;
	uint64_t id;
	uint32_t slot, lines; /* lines: seen when the step began */
	enum waits waits;
	uint8_t address[16]; /* as the acceptor counts it */
	int service;
	bool running;
	struct peer peer;
	struct transaction txn;
	struct header header;
	struct smtp_server engine;
};

/* talk.c */
bool talk_open(void *owner, int fd, int service, const uint8_t address[16],
	uint16_t port);
void talk_run(struct session *s);
void talk_stop_all(struct local *l);

/* The queue is away: whoever waits for it is answered 451. */
void talk_lost(struct local *l);

/* "local" or "lmtp" */
struct span talk_service(const struct session *s);

/* message.c: do what the engine asks for.  A fault is its answer. */
FALLIBLE message_ask(struct session *s, const struct smtp_ask *ask);

/* Forget what was collected. */
void message_reset(struct session *s);

/* What the queue says. */
void message_spool(struct local *l, const struct spool_file *m, int fd);
void message_queued(struct local *l, const struct enqueue_done *m);
void message_fault(struct session *s, const struct fault *f);
