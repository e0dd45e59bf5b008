#include "sys/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/span.h"
#include "sys/fd.h"

static FALLIBLE
begin(int family, const struct sockaddr *to, socklen_t len, int *out)
{
	OWNED(fd_close) int fd = socket(family,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;

	if (fd < 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
		return &fault_sys_failed;
	if (connect(fd, to, len) != 0 && errno != EINPROGRESS)
		return &fault_sys_failed;
	*out = fd_give(&fd);
	return OK;
}

FALLIBLE
connect_begin(const uint8_t address[16], uint16_t port, int *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons(port) };

	memcpy(&six.sin6_addr, address, 16);
	memcpy(&four.sin_addr, address + 12, 4);
	if (memcmp(address, mapped, sizeof mapped) == 0)
		return begin(AF_INET, (struct sockaddr *)&four, sizeof four,
			out);
	return begin(AF_INET6, (struct sockaddr *)&six, sizeof six, out);
}

FALLIBLE
connect_finish(int fd)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error)
		return &fault_ipc_closed;
	return OK;
}

/* The kernel gives a connection to a local address that address as its own. */
bool
connect_is_local(int fd)
{
	struct sockaddr_in6 here = { 0 }, there = { 0 };
	socklen_t here_len = sizeof here, there_len = sizeof there;

	if (getsockname(fd, (struct sockaddr *)&here, &here_len) != 0 ||
		getpeername(fd, (struct sockaddr *)&there, &there_len) != 0 ||
		here.sin6_family != there.sin6_family)
		return true;
	if (here.sin6_family == AF_INET)
		return memcmp(&((struct sockaddr_in *)&here)->sin_addr,
			       &((struct sockaddr_in *)&there)->sin_addr,
			       sizeof(struct in_addr)) == 0;
	return memcmp(&here.sin6_addr, &there.sin6_addr,
		       sizeof here.sin6_addr) == 0;
}
