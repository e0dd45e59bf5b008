#include "sys/clamd.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/must.h"

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
clamd_stream_begin(int socket, struct clamd_stream *s)
{
	TRY(say(socket, "zINSTREAM"));
	s->open = true;
	s->ending = false;
	s->sent = s->len = 0;
	return OK;
}

FALLIBLE
clamd_stream_send(int socket, struct clamd_stream *s)
{
	while (s->sent < s->len) {
		ssize_t n = send(socket, s->room + s->sent, s->len - s->sent,
			MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? &fault_ipc_busy
					       : &fault_ipc_closed;
		s->sent += (size_t)n;
	}
	s->open = !s->ending;
	return OK;
}

uint8_t *
clamd_stream_room(struct clamd_stream *s)
{
	return s->room + 4;
}

/* piece = length of four octets, the highest first, and the octets */
void
clamd_stream_put(struct clamd_stream *s, size_t len)
{
	MUST(s->open && s->sent == s->len && len <= CLAMD_PIECE);
	for (int i = 0; i < 4; i++)
		s->room[i] = (uint8_t)(len >> (24 - 8 * i));
	s->sent = 0;
	s->len = 4 + len;
	s->ending = len == 0;
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
