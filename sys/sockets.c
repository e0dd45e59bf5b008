#include "sys/sockets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/vm_sockets_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/ip.h"
#include "lib/base/must.h"
#include "lib/base/number.h"
#include "sys/account.h"
#include "sys/fd.h"
#include "sys/sockets_held.h"

#define NAMESPACES 1024
#define LISTEN_    (1u << 10) /* states as the kernel counts them */
#define UNBOUND_   (1u << 7)

/* What is asked for each kind and family. */
static const struct table {
	enum socket_kind kind;
	uint8_t family, protocol;
	uint32_t states;
} tables[] = {
	{ SOCKET_TCP, AF_INET, IPPROTO_TCP, LISTEN_ },
	{ SOCKET_TCP, AF_INET6, IPPROTO_TCP, LISTEN_ },
	{ SOCKET_UDP, AF_INET, IPPROTO_UDP, UNBOUND_ },
	{ SOCKET_UDP, AF_INET6, IPPROTO_UDP, UNBOUND_ },
	{ SOCKET_UDPLITE, AF_INET, IPPROTO_UDPLITE, UNBOUND_ },
	{ SOCKET_UDPLITE, AF_INET6, IPPROTO_UDPLITE, UNBOUND_ },
	{ SOCKET_RAW, AF_INET, IPPROTO_RAW, UNBOUND_ },
	{ SOCKET_RAW, AF_INET6, IPPROTO_RAW, UNBOUND_ },
	{ SOCKET_SCTP, AF_INET, IPPROTO_SCTP, LISTEN_ },
	{ SOCKET_SCTP, AF_INET6, IPPROTO_SCTP, LISTEN_ },
	{ SOCKET_VSOCK, AF_VSOCK, 0, LISTEN_ },
};

/* --- one table of one namespace ------------------------------------------ */

static FALLIBLE
ask(int netlink, const struct table *t)
{
	struct {
		struct nlmsghdr head;
		union {
			struct inet_diag_req_v2 inet;
			struct vsock_diag_req vsock;
		} body;
	} q = { .head = { .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };

	if (t->family == AF_VSOCK) {
		q.head.nlmsg_len = NLMSG_LENGTH(sizeof q.body.vsock);
		q.body.vsock = (struct vsock_diag_req){ .sdiag_family = AF_VSOCK,
			.vdiag_states = t->states };
	} else {
		q.head.nlmsg_len = NLMSG_LENGTH(sizeof q.body.inet);
		q.body.inet = (struct inet_diag_req_v2){
			.sdiag_family = t->family,
			.sdiag_protocol = t->protocol,
			.idiag_states = t->states };
	}
	return send(netlink, &q, q.head.nlmsg_len, 0) ==
			(ssize_t)q.head.nlmsg_len
		? OK
		: &fault_sys_failed;
}

static void
read_inet(const struct inet_diag_msg *m, struct waiting_socket *w)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	w->port = w->kind == SOCKET_RAW ? m->id.idiag_sport
					: ntohs(m->id.idiag_sport);
	w->inode = m->idiag_inode;
	w->uid = m->idiag_uid;
	if (m->idiag_family == AF_INET) {
		memcpy(w->address, mapped, sizeof mapped);
		memcpy(w->address + 12, m->id.idiag_src, 4);
	} else {
		memcpy(w->address, m->id.idiag_src, 16);
	}
}

FALLIBLE
sockets_add(struct sockets_scan *s, const struct waiting_socket *w)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->at[i].inode == w->inode)
			return OK;
	if (s->count == SOCKETS_MAX)
		return &fault_sys_failed;
	s->at[s->count++] = *w;
	return OK;
}

static FALLIBLE
take(const struct nlmsghdr *h, const struct table *t, bool here,
	struct sockets_scan *s)
{
	struct waiting_socket w = { .kind = t->kind, .here = here };
	const struct vsock_diag_msg *v = NLMSG_DATA(h);

	if (h->nlmsg_len < NLMSG_LENGTH(t->family == AF_VSOCK
					   ? sizeof *v
					   : sizeof(struct inet_diag_msg)))
		return &fault_sys_failed;
	if (t->family == AF_VSOCK) {
		w.port = v->vdiag_src_port;
		w.inode = v->vdiag_ino;
	} else {
		read_inet(NLMSG_DATA(h), &w);
	}
	return sockets_add(s, &w);
}

/* How a dump ends: 0, or the kernel's errno. */
static int
code_of(const struct nlmsghdr *h)
{
	int code = 0;

	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof code))
		memcpy(&code, NLMSG_DATA(h), sizeof code);
	return -code;
}

/* Read answers up to the end of the dump. */
static FALLIBLE
read_table(int netlink, const struct table *t, bool here,
	struct sockets_scan *s)
{
	static _Alignas(struct nlmsghdr) uint8_t room[65536];

	for (;;) {
		ssize_t n = recv(netlink, room, sizeof room, 0);
		size_t left = n > 0 ? (size_t)n : 0;

		if (n <= 0)
			return &fault_sys_failed;
		for (struct nlmsghdr *h = (struct nlmsghdr *)(void *)room;
			NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			bool over = h->nlmsg_type == NLMSG_DONE ||
				h->nlmsg_type == NLMSG_ERROR;

			if (!over) {
				TRY(take(h, t, here, s));
				continue;
			}
			if (code_of(h) == 0)
				return OK;
			if (code_of(h) != ENOENT && code_of(h) != EINVAL)
				return &fault_sys_failed;
			s->missing |= 1u << t->kind;
			return OK;
		}
	}
}

/* --- namespaces ---------------------------------------------------------- */

/* A netlink socket stays in the namespace that it was made in. */
static int
netlink_in(int namespace, int home)
{
	int fd;

	if (setns(namespace, CLONE_NEWNET) != 0)
		return -1;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	MUST(setns(home, CLONE_NEWNET) == 0);
	return fd;
}

static FALLIBLE
read_namespace(int netlink, bool here, struct sockets_scan *s)
{
	s->namespaces++;
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		TRY(ask(netlink, &tables[i]));
		TRY(read_table(netlink, &tables[i], here, s));
	}
	return OK;
}

struct seen {
	ino_t inodes[NAMESPACES];
	size_t count;
	int home;
	struct sockets_scan *scan;
};

/* Look into the namespace at NAME/BELOW, unless it was seen. */
static FALLIBLE
visit(struct seen *seen, int directory, const char *name, const char *below)
{
	OWNED(fd_close) int fd = -1;
	OWNED(fd_close) int netlink = -1;
	char path[300];
	struct stat st;

	snprintf(path, sizeof path, "%.255s%s", name, below);
	fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		bool none = errno == ENOENT; /* it is ending */

		/* a process that has ended hides nothing */
		seen->scan->unseen += !none &&
			faccessat(directory, name, F_OK, 0) == 0;
		return OK;
	}
	for (size_t i = 0; i < seen->count; i++)
		if (seen->inodes[i] == st.st_ino)
			return OK;
	if (seen->count == NAMESPACES)
		return &fault_sys_failed;
	seen->inodes[seen->count++] = st.st_ino;
	netlink = netlink_in(fd, seen->home);
	if (netlink >= 0)
		return read_namespace(netlink, false, seen->scan);
	seen->scan->unseen++;
	return OK;
}

static void
close_directory(DIR **d)
{
	if (*d)
		closedir(*d);
}

static FALLIBLE
visit_each(struct seen *seen, const char *directory, const char *below)
{
	OWNED(close_directory) DIR *d = opendir(directory);

	for (struct dirent *e; d && (e = readdir(d));) {
		bool number = e->d_name[0] >= '1' && e->d_name[0] <= '9';

		if (*below ? !number : e->d_name[0] == '.')
			continue;
		TRY(visit(seen, dirfd(d), e->d_name, below));
	}
	return OK;
}

static FALLIBLE
visit_own(struct seen *seen)
{
	OWNED(fd_close) int netlink = socket(AF_NETLINK,
		SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	struct stat st;

	if (netlink < 0 || fstat(seen->home, &st) != 0)
		return &fault_sys_failed;
	seen->inodes[seen->count++] = st.st_ino;
	return read_namespace(netlink, true, seen->scan);
}

FALLIBLE
sockets_scan(pid_t master, struct sockets_scan *s)
{
	static struct seen seen;
	OWNED(fd_close) int home = open("/proc/self/ns/net",
		O_RDONLY | O_CLOEXEC);

	s->count = s->namespaces = s->unseen = s->missing = 0;
	seen.count = 0;
	seen.home = home;
	seen.scan = s;
	if (home < 0)
		return &fault_sys_failed;
	TRY(visit_own(&seen));
	TRY(visit_each(&seen, "/proc", "/ns/net"));
	TRY(visit_each(&seen, "/run/netns", ""));
	return sockets_held(master, s);
}

/* --- judging ------------------------------------------------------------- */

static bool
is_permitted(const struct waiting_socket *w, const struct site *s,
	struct instant now)
{
	for (uint32_t i = 0; i < s->permits_count; i++) {
		const struct site_permit *p = &s->permits[i];

		if (site_permit_open(p, now) && p->port == w->port &&
			memcmp(p->address, w->address, 16) == 0)
			return true;
	}
	return false;
}

/* Only one role may bind, and only to ask for names. */
static bool
is_resolver(const struct waiting_socket *w, const struct site *s)
{
	uid_t dns;

	return w->kind == SOCKET_UDP && !account_of(DNS, s->production, &dns) &&
		w->uid == dns;
}

enum socket_verdict
socket_judge(const struct waiting_socket *w, const struct site *s,
	struct instant now)
{
	if (!w->ours)
		return site_owns_host(s) ? SOCKET_UNPERMITTED : SOCKET_FOREIGN;
	if (w->kind == SOCKET_TCP && w->here && is_permitted(w, s, now))
		return SOCKET_PERMITTED;
	return is_resolver(w, s) ? SOCKET_RESOLVER : SOCKET_UNPERMITTED;
}

bool
put_socket(struct buf *out, const struct waiting_socket *w)
{
	static const char *const names[SOCKET_KINDS] = { "tcp", "udp",
		"udplite", "raw", "sctp", "vsock" };

	return buf_put_text(out, names[w->kind]) && buf_push(out, ' ') &&
		put_ip(out, w->address) &&
		buf_put_text(out, w->kind == SOCKET_RAW ? " protocol "
							: " port ") &&
		buf_put_number(out, w->port);
}
