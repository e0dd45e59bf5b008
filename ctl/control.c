#include "ctl/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/fd.h"
#include "trust/rights.h"

#define PATIENCE 10000 /* milliseconds */

FALLIBLE
control_open(const struct site *s, enum role role, int *out)
{
	OWNED(fd_close) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
		0);
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int n = snprintf(at.sun_path, sizeof at.sun_path, "%s/ctl/%s.sock",
		s->run_directory, role_name(role));

	if (fd < 0 || n < 0 || (size_t)n >= sizeof at.sun_path)
		return &fault_sys_failed;
	if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
		return errno == ENOENT || errno == ECONNREFUSED
			? &fault_ipc_closed
			: &fault_sys_failed;
	*out = fd_give(&fd);
	return OK;
}

FALLIBLE
control_send(int fd, const void *message, int with)
{
	const struct head *head = message;
	struct iovec octets = { (void *)(uintptr_t)message,
		message_size(head->type) };
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control = { 0 };
	struct msghdr m = { .msg_iov = &octets, .msg_iovlen = 1 };

	if (with >= 0) {
		m.msg_control = control.room;
		m.msg_controllen = sizeof control.room;
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof with),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &with, sizeof with);
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)octets.iov_len
		? OK
		: &fault_ipc_closed;
}

FALLIBLE
control_receive(int fd, enum role from, union control_answer *out)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ssize_t n;
	struct packet p;

	if (poll(&wait, 1, PATIENCE) <= 0)
		return &fault_ipc_closed;
	n = recv(fd, out, sizeof *out, 0);
	if (n <= 0)
		return &fault_ipc_closed;
	p = (struct packet){ out, (size_t)n, -1 };
	return rights_admit(from, CTL, &p);
}
