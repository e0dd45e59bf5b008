/* scan.h -- a verdict for every body, NC-2.3.2.
 *
 * A request is hashed at once, waits for its turn at the engine and is answered
 * with a verdict that scan alone can make.  No engine, no verdict: the request
 * is answered verdict_missing and the client reads 451.
 */
#pragma once

#include "lib/base/time.h"
#include "sys/mac.h"
#include "sys/pool.h"
#include "sys/role.h"

#define REQUESTS_MAX   2048
#define AT_ENGINE_MAX  32 /* given to the engine and not answered */
#define ATTEMPTS_MAX   2  /* sessions that may die over a request */
#define WITHOUT_ENGINE SECONDS(5)
#define PATIENCE       SECONDS(120) /* with an engine that is busy     */

struct request {
	struct request *next;     /* in one of the lists */
	struct channel *asker;    /* NULL: gone          */
	struct head head;
	int body;
	uint32_t slot, attempts;
	uint64_t number; /* at the engine */
	struct tick came;
	struct verdict verdict; /* hash and size filled */
};

struct request_list {
	struct request *first, **last;
};

struct scan {
	struct role_process *role;
	struct mac_key key;
	struct pool *requests;
	struct request_list waiting, given;
	uint32_t given_count;
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
void request_take(struct scan *s, struct channel *c,
	const struct scan_request *m, int body);
void request_answer(struct scan *s, struct request *r,
	const struct fault *f);
void request_forget_asker(struct scan *s, struct channel *c);
void list_init(struct request_list *l);
void list_add(struct request_list *l, struct request *r);
struct request *list_take_first(struct request_list *l);
struct request *list_take_number(struct request_list *l, uint64_t number);
