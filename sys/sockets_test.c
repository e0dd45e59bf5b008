#include "sys/sockets.h"

#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "sys/account.h"
#include "sys/fd.h"

static struct sockets_scan scan;

static const uint8_t loopback[16] = { [10] = 0xff, [11] = 0xff, [12] = 127,
	[15] = 1 };

/* Bound to the loopback, listening where the type has that; its port. */
static int
open_socket(int domain, int type, int protocol, uint32_t *port)
{
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol);
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY, .svm_port = VMADDR_PORT_ANY };
	struct sockaddr *at = domain == AF_VSOCK ? (struct sockaddr *)&vm
						 : (struct sockaddr *)&four;
	socklen_t len = domain == AF_VSOCK ? sizeof vm : sizeof four;

	if (fd < 0 || bind(fd, at, len) != 0 ||
		(type == SOCK_STREAM && listen(fd, 1) != 0) ||
		getsockname(fd, at, &len) != 0) {
		fd_close(&fd);
		return -1;
	}
	*port = domain == AF_VSOCK ? vm.svm_port
		: type == SOCK_RAW ? (uint32_t)protocol
				   : ntohs(four.sin_port);
	return fd;
}

static const struct waiting_socket *
find(enum socket_kind kind, uint32_t port)
{
	for (uint32_t i = 0; i < scan.count; i++)
		if (scan.at[i].kind == kind && scan.at[i].port == port)
			return &scan.at[i];
	return NULL;
}

static const struct {
	const char *what;
	enum socket_kind kind;
	int domain, type, protocol;
} kinds[] = {
	{ "tcp", SOCKET_TCP, AF_INET, SOCK_STREAM, 0 },
	{ "udp", SOCKET_UDP, AF_INET, SOCK_DGRAM, 0 },
	{ "udplite", SOCKET_UDPLITE, AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE },
	{ "raw", SOCKET_RAW, AF_INET, SOCK_RAW, 254 },
	{ "sctp", SOCKET_SCTP, AF_INET, SOCK_STREAM, IPPROTO_SCTP },
	{ "vsock", SOCKET_VSOCK, AF_VSOCK, SOCK_STREAM, 0 },
};

TEST(a_socket_of_every_kind_is_seen_and_whose_it_is)
{
	if (geteuid() != 0) {
		test_skip("needs root");
		return;
	}
	EACH_CASE(k, kinds) {
		uint32_t port = 0;
		OWNED(fd_close) int fd = open_socket(k->domain, k->type,
			k->protocol, &port);
		const struct waiting_socket *w;

		if (fd < 0)
			continue; /* this kernel has none */
		CHECK_OK(sockets_scan(getpid(), &scan));
		w = find(k->kind, port);
		CHECK(w != NULL);
		CHECK(w->ours && w->inode != 0);
		CHECK(k->kind == SOCKET_VSOCK || k->kind == SOCKET_RAW ||
			memcmp(w->address, loopback, 16) == 0);
		CHECK_OK(sockets_scan(0, &scan));
		w = find(k->kind, port);
		CHECK(w != NULL && !w->ours);
		fd_close(&fd);
		CHECK_OK(sockets_scan(getpid(), &scan));
		CHECK(find(k->kind, port) == NULL);
	}
}

TEST(a_socket_in_another_network_is_seen)
{
	int told[2];
	uint32_t port = 0;
	pid_t child;

	if (geteuid() != 0) {
		test_skip("needs root");
		return;
	}
	CHECK(pipe(told) == 0);
	child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNET) != 0 ||
			open_socket(AF_INET, SOCK_DGRAM, 0, &port) < 0)
			_exit(1);
		if (write(told[1], &port, sizeof port) < 0)
			_exit(1);
		pause();
	}
	CHECK(read(told[0], &port, sizeof port) == sizeof port);
	CHECK_OK(sockets_scan(getpid(), &scan));
	CHECK(scan.namespaces >= 2);
	CHECK(find(SOCKET_UDP, port) != NULL);
	CHECK(find(SOCKET_UDP, port)->ours && !find(SOCKET_UDP, port)->here);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(told[0]);
	close(told[1]);
}

static const struct {
	const char *what;
	struct waiting_socket socket;
	bool production, by_resolver;
	enum socket_verdict want;
} verdicts[] = {
	{ "as permitted", { .port = 25, .here = true, .ours = true }, true,
		false, SOCKET_PERMITTED },
	{ "another port", { .port = 26, .here = true, .ours = true }, false,
		false, SOCKET_UNPERMITTED },
	{ "the permit ended", { .port = 587, .here = true, .ours = true }, false,
		false, SOCKET_UNPERMITTED },
	{ "another protocol", { .kind = SOCKET_SCTP, .port = 25, .here = true,
		.ours = true }, false, false, SOCKET_UNPERMITTED },
	{ "another network", { .port = 25, .ours = true }, false, false,
		SOCKET_UNPERMITTED },
	{ "somebody else on our port", { .port = 25, .here = true }, true,
		false, SOCKET_UNPERMITTED },
	{ "somebody else on a shared host", { .port = 22, .here = true }, false,
		false, SOCKET_FOREIGN },
	{ "the resolver asks", { .kind = SOCKET_UDP, .port = 40000,
		.here = true, .ours = true }, true, true, SOCKET_RESOLVER },
	{ "the resolver listens", { .port = 40000, .here = true, .ours = true },
		true, true, SOCKET_UNPERMITTED },
	{ "another role asks", { .kind = SOCKET_UDP, .port = 40000,
		.here = true, .ours = true }, true, false, SOCKET_UNPERMITTED },
};

TEST(only_what_is_permitted_may_wait)
{
	static struct site site = { .permits_count = 2,
		.permits = { { .service = SERVICE_MX, .port = 25,
				     .expires_us = 100 },
			{ .service = SERVICE_SUBMISSION, .port = 587,
				.expires_us = 10 } } };
	uid_t dns;

	memcpy(site.permits[0].address, loopback, 16);
	memcpy(site.permits[1].address, loopback, 16);
	CHECK_OK(account_of(DNS, false, &dns));
	EACH_CASE(k, verdicts) {
		struct waiting_socket w = k->socket;

		memcpy(w.address, loopback, 16);
		w.uid = k->by_resolver ? dns : 0;
		site.production = k->production;
		if (site.production && account_of(DNS, true, &dns) != OK &&
			k->want == SOCKET_RESOLVER)
			continue; /* no such account on this host */
		CHECK_NUMBER(socket_judge(&w, &site, (struct instant){ 50 }),
			k->want);
	}
}
