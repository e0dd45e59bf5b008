#include "sys/clamd.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static FALLIBLE
give(int socket, const struct msghdr *m, size_t len)
{
	ssize_t n;

	do
		n = sendmsg(socket, m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return &fault_ipc_busy;
	/* so few octets go whole or not at all on a local socket */
	return n == (ssize_t)len ? OK : &fault_ipc_closed;
}

/* With the NUL that ends it. */
static FALLIBLE
say(int socket, const char *command)
{
	size_t len = strlen(command) + 1;
	struct iovec iov = { (void *)(uintptr_t)command, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	return give(socket, &m, len);
}

FALLIBLE
clamd_begin(int socket)
{
	return say(socket, "zIDSESSION");
}

FALLIBLE
clamd_ask_version(int socket)
{
	return say(socket, "zVERSION");
}

/* The command, and the descriptor with an octet of its own behind it; both in
 * one call, so that one never goes without the other. */
FALLIBLE
clamd_scan(int socket, int body)
{
	static const char command[] = "zFILDES\0";
	struct iovec iov = { (void *)(uintptr_t)command, sizeof command };
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof control.octets };

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof body);
	memcpy(CMSG_DATA(&control.align), &body, sizeof body);
	return give(socket, &m, sizeof command);
}

FALLIBLE
clamd_receive(int socket, struct buf *in)
{
	ssize_t n;

	if (buf_room(in) == 0)
		return &fault_ipc_closed;
	do
		n = recv(socket, in->at + in->len, buf_room(in), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return OK;
	if (n <= 0)
		return &fault_ipc_closed;
	in->len += (size_t)n;
	return OK;
}
