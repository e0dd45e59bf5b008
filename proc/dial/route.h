/* route.h -- where mail for a domain goes, out of what the DNS answered.
 *
 * Pure: answers in, hosts and addresses out.  Records that are broken, that
 * name no host (security case DN-D04) or that are too many are not used.
 */
#pragma once

#include "lib/base/span.h"
#include "trust/messages.h"

#define HOSTS_MAX     5 /* of a domain */
#define ADDRESSES_MAX 4 /* of a host   */

#define DNS_A    1
#define DNS_MX   15
#define DNS_AAAA 28

struct host {
	uint32_t draw; /* orders those of one preference */
	uint16_t preference, len;
	uint8_t name[NAME_MAX_];
};

struct route {
	size_t count;
	struct host hosts[HOSTS_MAX];
};

struct addresses {
	size_t count;
	uint8_t at[ADDRESSES_MAX][16]; /* IPv4 mapped into IPv6 */
};

enum route_kind {
	ROUTE_HOSTS,    /* there are some                                   */
	ROUTE_IMPLICIT, /* no MX: the domain itself, RFC 5321 section 5.1   */
	ROUTE_NULL,     /* the domain takes no mail, RFC 7505               */
	ROUTE_UNUSABLE, /* MX records, but none can be used                 */
	ROUTE_LOOP,     /* we are the best of them, RFC 5321 section 5.1    */
};

/* Read the MX answer of a domain.
 *
 * chance  random: decides the order inside one preference, as RFC 5321
 *         section 5.1 wants it
 * own     our name: this host and those that are no better are left out
 *
 * *out changes only for ROUTE_HOSTS. */
enum route_kind route_read(const struct dns_answer *m, uint64_t chance,
	struct span own, struct route *out);

/* The route that is one host.  `name` has at most NAME_MAX_ octets. */
void route_to(struct route *r, struct span name);

struct span host_name(const struct host *h);

/* Append the addresses of an A or AAAA answer.  AAAA comes first and leaves
 * room for half as many A: a host whose IPv6 is broken is still reached. */
void addresses_read(struct addresses *a, const struct dns_answer *m,
	uint16_t kind);

/* An address literal without its brackets, RFC 5321 section 4.1.3. */
bool addresses_literal(struct addresses *a, struct span text);
