#include "sys/peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "sys/fd.h"

struct pair {
	int listener, ours, theirs, questions;
};

/* A connection over loopback of that family; false: the machine has none. */
static bool
connect_pair(struct pair *p, int family, uint32_t address)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(address) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_storage at = { 0 };
	socklen_t len = family == AF_INET ? sizeof four : sizeof six;

	memcpy(&at, family == AF_INET ? (void *)&four : (void *)&six, len);
	*p = (struct pair){ -1, -1, -1, -1 };
	CHECK_OK(peer_open(&p->questions));
	p->listener = socket(family, SOCK_STREAM, 0);
	p->theirs = socket(family, SOCK_STREAM, 0);
	if (bind(p->listener, (struct sockaddr *)&at, len) != 0)
		return false;
	CHECK(listen(p->listener, 4) == 0);
	CHECK(getsockname(p->listener, (struct sockaddr *)&at, &len) == 0);
	CHECK(connect(p->theirs, (struct sockaddr *)&at, len) == 0);
	p->ours = accept(p->listener, NULL, NULL);
	CHECK(p->ours >= 0);
	return true;
}

static void
close_pair(struct pair *p)
{
	fd_close(&p->listener);
	fd_close(&p->ours);
	fd_close(&p->theirs);
	fd_close(&p->questions);
}

TEST(a_unix_socket_says_who_it_is)
{
	struct peer who = { .uid = 99 };
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK_OK(peer_find(-1, pair[0], &who));
	CHECK_NUMBER(who.uid, getuid());
	CHECK_NUMBER(who.pid, getpid());
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static void
check_family(int family)
{
	struct peer who = { .uid = 99 };
	struct pair p;

	if (connect_pair(&p, family, INADDR_LOOPBACK)) {
		CHECK_OK(peer_find(p.questions, p.ours, &who));
		CHECK_NUMBER(who.uid, getuid());
	} else
		test_skip("this machine has no such loopback");
	close_pair(&p);
}

TEST(loopback_tells_whose_socket_it_is)
{
	check_family(AF_INET);
}

TEST(loopback_tells_it_by_ipv6_too)
{
	check_family(AF_INET6);
}

/* The kernel shows a socket without a holder as root's. */
TEST(who_has_gone_is_nobody)
{
	struct peer who = { .uid = 99 };
	struct pair p;

	CHECK(connect_pair(&p, AF_INET, INADDR_LOOPBACK));
	fd_close(&p.theirs);
	CHECK_FAULT(peer_find(p.questions, p.ours, &who), &fault_relay_denied);
	CHECK_NUMBER(who.uid, 99);
	close_pair(&p);
}

/* Whose socket is elsewhere, as behind an address translation. */
TEST(who_has_no_socket_here_is_nobody)
{
	struct peer who = { .uid = 99 };
	struct pair p;
	int elsewhere = -1;

	if (geteuid() != 0) {
		test_skip("another network namespace needs root");
		return;
	}
	CHECK(connect_pair(&p, AF_INET, INADDR_LOOPBACK));
	if (fork() == 0) /* ask where the other end is not */
		_exit(unshare(CLONE_NEWNET) == 0 && !peer_open(&elsewhere) &&
			peer_find(elsewhere, p.ours, &who) ==
				&fault_relay_denied
				? 0
				: 1);
	else {
		int status;

		CHECK(wait(&status) > 0);
		CHECK_NUMBER(status, 0);
	}
	close_pair(&p);
}
