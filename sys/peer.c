#include "sys/peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "lib/conf/site.h"

struct ends {
	uint8_t family;
	struct inet_diag_sockid id; /* as the other end's socket has it */
};

struct question {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

union answer {
	struct nlmsghdr head;
	uint8_t octets[2048];
};

FALLIBLE
peer_open(int *out)
{
	*out = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		NETLINK_SOCK_DIAG);
	return *out >= 0 ? OK : &fault_sys_failed;
}

static FALLIBLE
ask_unix(int fd, struct peer *out)
{
	struct ucred who;
	socklen_t len = sizeof who;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		return &fault_sys_failed;
	*out = (struct peer){ .uid = who.uid, .pid = (uint32_t)who.pid };
	return OK;
}

/* --- loopback ------------------------------------------------------------ */

/* An end of a connection, if it is on loopback. */
static bool
take_end(const struct sockaddr_storage *from, __be32 address[4], __be16 *port)
{
	uint8_t octets[16] = { [10] = 0xff, [11] = 0xff };
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	memset(address, 0, 16);
	if (from->ss_family == AF_INET) {
		memcpy(&four, from, sizeof four);
		memcpy(address, &four.sin_addr, 4);
		memcpy(octets + 12, &four.sin_addr, 4);
		*port = four.sin_port;
	} else {
		memcpy(&six, from, sizeof six);
		memcpy(address, &six.sin6_addr, 16);
		memcpy(octets, &six.sin6_addr, 16);
		*port = six.sin6_port;
	}
	return address_is_loopback(octets);
}

static FALLIBLE
find_ends(int fd, const struct sockaddr_storage *ours, struct ends *out)
{
	struct sockaddr_storage theirs;
	socklen_t len = sizeof theirs;

	if (getpeername(fd, (struct sockaddr *)&theirs, &len) != 0)
		return &fault_sys_failed;
	*out = (struct ends){ .family = (uint8_t)ours->ss_family };
	memset(out->id.idiag_cookie, 0xff, sizeof out->id.idiag_cookie);
	if (theirs.ss_family != ours->ss_family ||
		!take_end(&theirs, out->id.idiag_src, &out->id.idiag_sport) ||
		!take_end(ours, out->id.idiag_dst, &out->id.idiag_dport))
		return &fault_relay_denied;
	return OK;
}

/* A socket that nobody holds any more would be shown as root's: it has no
 * inode.  A listening one is not the other end. */
static FALLIBLE
read_answer(const union answer *a, size_t len, const struct ends *e,
	struct peer *out)
{
	struct inet_diag_msg m;

	if (len < sizeof a->head || a->head.nlmsg_len > len)
		return &fault_sys_failed;
	if (a->head.nlmsg_type == NLMSG_ERROR)
		return &fault_relay_denied; /* there is no such socket */
	if (a->head.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		a->head.nlmsg_len < NLMSG_LENGTH(sizeof m))
		return &fault_sys_failed;
	memcpy(&m, a->octets + NLMSG_HDRLEN, sizeof m);
	if (m.idiag_inode == 0 || m.id.idiag_sport != e->id.idiag_sport ||
		m.id.idiag_dport != e->id.idiag_dport)
		return &fault_relay_denied;
	*out = (struct peer){ .uid = m.idiag_uid };
	return OK;
}

static FALLIBLE
ask_kernel(int questions, const struct ends *e, struct peer *out)
{
	struct question q = {
		.head = { .nlmsg_len = sizeof q,
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST },
		.body = { .sdiag_family = e->family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = ~0u,
			.id = e->id },
	};
	union answer a;
	ssize_t n;

	if (send(questions, &q, sizeof q, 0) != (ssize_t)sizeof q)
		return &fault_sys_failed;
	n = recv(questions, &a, sizeof a, 0); /* is there: answered in send */
	return n > 0 ? read_answer(&a, (size_t)n, e, out) : &fault_sys_failed;
}

FALLIBLE
peer_find(int questions, int connection, struct peer *out)
{
	struct sockaddr_storage ours;
	socklen_t len = sizeof ours;
	struct ends e;

	if (getsockname(connection, (struct sockaddr *)&ours, &len) != 0)
		return &fault_sys_failed;
	if (ours.ss_family == AF_UNIX)
		return ask_unix(connection, out);
	TRY(find_ends(connection, &ours, &e));
	return ask_kernel(questions, &e, out);
}
