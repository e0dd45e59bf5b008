#include "sys/knock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "sys/fd.h"

#define UDP_WAIT 200 /* milliseconds */

static int
open_to(const struct sockaddr *at, socklen_t len, int type)
{
	const struct timeval patience = { 1, 0 };
	OWNED(fd_close) int fd = socket(at->sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
			      sizeof patience) != 0 ||
		connect(fd, at, len) != 0)
		return -1;
	return fd_give(&fd);
}

/* A port that the kernel chose for us to connect from may be the one that we
 * connect to: then we talk to ourselves. */
static bool
is_ourselves(int fd)
{
	struct sockaddr_storage from = { 0 }, to = { 0 };
	socklen_t len = sizeof from;

	return getsockname(fd, (struct sockaddr *)&from, &len) == 0 &&
		getpeername(fd, (struct sockaddr *)&to, &len) == 0 &&
		memcmp(&from, &to, sizeof from) == 0;
}

bool
knock_tcp(const struct sockaddr *at, socklen_t len)
{
	OWNED(fd_close) int fd = open_to(at, len, SOCK_STREAM);

	return fd >= 0 && !is_ourselves(fd);
}

bool
knock_udp(const struct sockaddr *at, socklen_t len)
{
	OWNED(fd_close) int fd = open_to(at, len, SOCK_DGRAM);
	struct pollfd ready = { fd, POLLIN, 0 };
	char octet = 0;

	if (fd < 0 || send(fd, &octet, 1, MSG_NOSIGNAL) != 1)
		return fd >= 0 && errno != ECONNREFUSED;
	return poll(&ready, 1, UDP_WAIT) <= 0 || recv(fd, &octet, 1, 0) >= 0 ||
		errno != ECONNREFUSED;
}
