/* dial.h -- the only role that connects out for mail (security rule N1).
 *
 * A request names an address, a host or a domain.  A domain's servers are
 * those of its MX records, RFC 5321 section 5.1; their addresses are tried in
 * order until one connects.  The socket goes to relay.
 */
#pragma once

#include "lib/policy/address_class.h"
#include "sys/pool.h"
#include "sys/role.h"

#define CALLS_MAX   512
#define HOSTS_MAX   5
#define TARGETS_MAX 20
#define ATTEMPT_US  SECONDS(30)
#define CALL_US     MINUTES(5)

struct host {
	uint16_t preference, len;
	uint8_t name[NAME_MAX_];
};

struct target {
	uint8_t address[16];
	uint8_t host; /* index into hosts */
};

enum call_at { CALL_MX, CALL_AAAA, CALL_A, CALL_CONNECTING };

struct call {
	struct dial *dial;
	struct dial_request request;
	uint32_t slot;
	enum call_at at;
	struct host hosts[HOSTS_MAX];
	struct target targets[TARGETS_MAX];
	size_t hosts_count, host, targets_count, target;
	bool temporary; /* some look-up had no answer */
	bool refused;   /* some address may not be dialled */
	int fd;
	struct watch *watch;
	struct timer *attempt, *whole;
};

struct dial {
	struct role_process *role;
	struct channel *queue, *relay, *dns; /* NULL: away */
	struct pool *calls;
};

/* call.c */
void call_begin(struct dial *d, const struct dial_request *m);
void call_answer(struct dial *d, const struct dns_answer *m);
void call_lost_dns(struct dial *d);

/* route.c: pure. */

/* The hosts of an MX answer: up to HOSTS_MAX, by preference, those of equal
 * preference in an order that `chance` decides.
 *
 * null_mx  the domain takes no mail, RFC 7505
 *
 * Returns how many; 0: no usable record. */
size_t route_read_mx(const struct dns_answer *m, uint64_t chance,
	struct host hosts[HOSTS_MAX], bool *null_mx);

/* The addresses of an A or AAAA answer for host number `host`, appended up to
 * TARGETS_MAX. */
void route_read_addresses(const struct dns_answer *m, uint8_t host,
	struct target targets[TARGETS_MAX], size_t *count);
