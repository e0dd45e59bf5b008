/* sockets.h -- every socket that waits for others, as the kernel tells it.
 *
 * TCP, SCTP and VSOCK that listen, and UDP, UDP-Lite and raw ones that are not
 * connected, in every network namespace that can be seen: those of all processes
 * and those with a name in /run/netns.  sock_diag(7) is asked; what this kernel
 * does not tell by it is found by looking at the descriptors of all processes.
 */
#pragma once

#include <sys/types.h>

#include "lib/base/fault.h"
#include "lib/base/buf.h"
#include "lib/conf/site.h"

enum socket_kind { SOCKET_TCP, SOCKET_UDP, SOCKET_UDPLITE, SOCKET_RAW,
	SOCKET_SCTP, SOCKET_VSOCK, SOCKET_KINDS };

struct waiting_socket {
	enum socket_kind kind;
	uint8_t address[16]; /* IPv4 mapped into IPv6; zero for VSOCK       */
	uint32_t port;       /* raw: number of the protocol                 */
	uint64_t inode;
	uid_t uid;
	bool here; /* in our own network namespace                          */
	bool ours; /* held by a process of the site                         */
};

#define SOCKETS_MAX 2048

struct sockets_scan {
	struct waiting_socket at[SOCKETS_MAX];
	uint32_t count;
	uint32_t namespaces; /* that were looked into                       */
	uint32_t unseen;     /* namespaces and processes that were hidden   */
	uint32_t missing;    /* set of kinds that sock_diag does not tell   */
};

/* Fill in `s`.
 *
 * master  0, or the process id of the site's master: it and its children are
 *         the site
 *
 * sys_failed  the kernel does not answer, or there are more than fit */
FALLIBLE sockets_scan(pid_t master, struct sockets_scan *s);

enum socket_verdict {
	SOCKET_PERMITTED, /* by a permit of the site, and held by it        */
	SOCKET_RESOLVER,  /* a source port of the one role that binds       */
	SOCKET_FOREIGN,   /* of a host that is not the site's alone         */
	SOCKET_UNPERMITTED,
};

/* NC-2.1.1: without a permit nothing waits.  Where the host is not the site's
 * alone (site_owns_host), only what the site's own processes hold is judged. */
enum socket_verdict socket_judge(const struct waiting_socket *w,
	const struct site *s, struct instant now);

/* "tcp 127.0.0.1 port 25" */
bool put_socket(struct buf *out, const struct waiting_socket *w);

/* The process id in the run directory's lock, 0 when no master holds it. */
pid_t site_master(const struct site *s);
