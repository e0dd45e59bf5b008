/* dial.h -- the only role that connects out for mail (security rule N1).
 *
 * A request names an address, a host or a domain.  The hosts of a domain are
 * those of its MX records; they are tried in order, each host's addresses in
 * order, until one connects.  The socket goes to relay, which speaks SMTP.
 *
 * A host that connects and then refuses to serve is relay's result for this
 * attempt; the queue tries again later.
 */
#pragma once

#include "proc/dial/route.h"
#include "sys/pool.h"
#include "sys/role.h"

#define CALLS_MAX  1024
#define ATTEMPT_US SECONDS(30)
#define CALL_US    MINUTES(5)

enum call_at { CALL_MX, CALL_AAAA, CALL_A, CALL_CONNECTING };

/* A request that is being served. */
struct call {
	struct dial *dial;
	struct dial_request request;
	uint32_t slot;
	enum call_at at;
	uint32_t question; /* serial of the one under way */
	struct route route;
	size_t host; /* index of the one that is tried */
	struct addresses addresses;
	size_t address; /* index of the one that is tried */
	bool unreached; /* some address did not connect    */
	bool temporary; /* some name had no answer         */
	bool refused;   /* some address may not be dialled */
	int fd;
	struct watch *watch;
	struct timer *attempt, *whole;
};

struct dial {
	struct role_process *role;
	struct channel *queue, *relay, *dns; /* NULL: away */
	struct pool *calls;
	uint32_t questions; /* asked so far */
};

/* call.c: from a request to a socket or to a reason why there is none. */

void call_begin(struct dial *d, const struct dial_request *m);

/* Give up: the queue gets the reply, `c` is gone. */
void call_fail(struct call *c, uint16_t code, const char *enhanced,
	const char *text);

/* Give up because no host is left, for the best known reason. */
void call_fail_all(struct call *c);

/* Give up every call: relay must not wait for what will not come. */
void call_end_all(struct dial *d);

/* Dial the addresses of the host that is tried, then the next host. */
void call_connect(struct call *c);

struct host *call_host(struct call *c);

/* find.c: names become hosts and addresses. */

/* The hosts of the domain in the request, then find_addresses. */
void find_hosts(struct call *c);

/* The addresses of the host that is tried, then call_connect. */
void find_addresses(struct call *c);

void find_answer(struct dial *d, const struct dns_answer *m);

/* Calls that wait for an answer fail. */
void find_lost(struct dial *d);
