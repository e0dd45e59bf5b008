/* scan.h -- a verdict for every body, NC-2.3.2.
 *
 * A request waits for its turn at the engine and is answered with a verdict that
 * scan alone can make.  No engine, no verdict: the request is answered
 * verdict_missing and the client reads 451.
 *
 * Sealed memory is hashed first, a slice a turn, and the engine is given the
 * descriptor.  A file could change between two readers, so it is read once:
 * the same octets go to the engine and into the hash.
 */
#pragma once

#include "lib/base/list.h"
#include "lib/base/time.h"
#include "sys/clamd.h"
#include "sys/crypto.h"
#include "sys/mac.h"
#include "sys/pool.h"
#include "sys/role.h"

#define REQUESTS_MAX   2048
#define ASKERS_MAX     10016 /* imap-sessions at most, and the others */
#define AT_ENGINE_MAX  32 /* given to the engine and not answered */
#define ATTEMPTS_MAX   2  /* sessions that may die over a request */
#define SLICE          (1u << 20) /* octets that are hashed in a turn */
#define WITHOUT_ENGINE SECONDS(5)
#define PATIENCE       SECONDS(120) /* with an engine that is busy     */

/* A channel that requests come from.  They share the places: none has more of
 * them than are left for the others, so one that is taken over stops nobody. */
struct asker {
	uint32_t slot;
	uint32_t requests;
};

struct request {
	struct list link;      /* in one of the lists */
	struct channel *asker; /* NULL: gone          */
	struct head head;
	int body;
	bool sealed;
	uint32_t slot, attempts;
	uint64_t number; /* at the engine */
	struct tick came;
	struct sha256 hash;
	uint64_t hashed; /* octets */
	struct verdict verdict; /* size filled, and the hash in the end */
};

struct scan {
	struct role_process *role;
	struct pool *requests, *askers;
	struct list hashing, waiting, given;
	struct timer *more; /* to hash, next turn */
	uint32_t given_count;
	struct request *streamed; /* a file that is on its way; NULL: none */
	struct tick stream_began;
	struct clamd_stream stream;
	int engine; /* -1: no session */
	struct watch *watch;
	struct timer *tick;
	uint64_t numbers; /* given out in this session               */
	uint64_t pulse;   /* of the pulse that is not answered; 0: none */
	struct tick pulsed;
	struct instant signatures; /* when the engine's were made; 0 unknown */
	struct tick ask_at;        /* not before, master is asked again  */
	int64_t wait_us;           /* grows until the engine answers     */
	bool away;                 /* and the operator knows it          */
	struct buf in;
	uint8_t in_storage[8192];
};

/* engine.c: the session. */
void engine_take(struct scan *s, int socket); /* taken over */
void engine_feed(struct scan *s);
void engine_lose(struct scan *s, const char *why);

/* Ask master for a session when it is time to. */
void engine_want(struct scan *s);

/* Ask for the version when it is time to: an idle session stays open, an engine
 * that died is noticed, and the age of its signatures is known. */
void engine_pulse(struct scan *s);

/* request.c */
void request_asker_begin(struct scan *s, struct channel *c);
void request_asker_end(struct scan *s, struct channel *c);

void request_take(struct scan *s, struct channel *c,
	const struct scan_request *m, int body);

/* Read the next octets of the body, up to `cap` and never 0, and hash them.
 *
 * ipc_malformed  it has fewer than it had */
FALLIBLE request_read(struct request *r, uint8_t *at, size_t cap, size_t *len);
bool request_is_read(const struct request *r);

/* Hash a slice of what is to be hashed. */
void requests_hash(void *scan);

/* Begin again at the first octet. */
void request_rewind(struct request *r);

void request_answer(struct scan *s, struct request *r,
	const struct fault *f);

/* No verdict for those of a list that came `patience` ago or earlier. */
void requests_give_up(struct scan *s, struct list *l, int64_t patience);
