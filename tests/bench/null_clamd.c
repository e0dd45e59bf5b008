/* null_clamd SOCKET -- a virus engine that answers OK at once: what is measured
 * with it is the mail system's own work.  clamd's IDSESSION and FILDES, one
 * thread, as many sessions as come. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SESSIONS 64

static struct session {
	int fd;
	unsigned number;
} sessions[SESSIONS];

/* Take the descriptor that came along, if any, and close it. */
static ssize_t
receive(int fd, char *at, size_t cap)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(int) * 8)];
	} control;
	struct iovec iov = { at, cap };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof control.octets };
	ssize_t n = recvmsg(fd, &m, 0);

	for (struct cmsghdr *h = n > 0 ? CMSG_FIRSTHDR(&m) : NULL; h;
		h = CMSG_NXTHDR(&m, h)) {
		size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < count; i++) {
			int passed;

			memcpy(&passed, CMSG_DATA(h) + i * sizeof passed,
				sizeof passed);
			close(passed);
		}
	}
	return n;
}

/* The answer to the command at the front; NULL when none is there. */
static const char *
answer(const char *in, size_t len)
{
	if (len >= 7 && memcmp(in, "zFILDES", 7) == 0)
		return "fd[0]: OK";
	if (len >= 8 && memcmp(in, "zVERSION", 8) == 0)
		return "ClamAV 0";
	return NULL;
}

/* One for each command in what came. */
static int
serve(struct session *s)
{
	static char in[4096];
	char out[64];
	ssize_t n = receive(s->fd, in, sizeof in);

	if (n <= 0)
		return -1;
	for (ssize_t i = 0; i < n; i++) {
		const char *text = answer(in + i, (size_t)(n - i));
		int len;

		if (!text)
			continue;
		len = snprintf(out, sizeof out, "%u: %s", ++s->number, text);
		if (write(s->fd, out, (size_t)len + 1) != len + 1)
			return -1;
	}
	return 0;
}

static void
take_session(int listener)
{
	int fd = accept(listener, NULL, NULL);

	for (int i = 0; fd >= 0 && i < SESSIONS; i++)
		if (sessions[i].fd < 0) {
			sessions[i] = (struct session){ fd, 0 };
			return;
		}
	close(fd);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof at.sun_path)
		return 64;
	memcpy(at.sun_path, argv[1], strlen(argv[1]));
	unlink(argv[1]);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) ||
		listen(listener, 16))
		return 1;
	for (int i = 0; i < SESSIONS; i++)
		sessions[i].fd = -1;
	for (;;) {
		static struct pollfd p[SESSIONS + 1];

		p[0] = (struct pollfd){ listener, POLLIN, 0 };

		for (int i = 0; i < SESSIONS; i++)
			p[i + 1] = (struct pollfd){ sessions[i].fd, POLLIN, 0 };
		if (poll(p, SESSIONS + 1, -1) < 0)
			return 1;
		if (p[0].revents)
			take_session(listener);
		for (int i = 0; i < SESSIONS; i++)
			if (p[i + 1].revents && serve(&sessions[i])) {
				close(sessions[i].fd);
				sessions[i].fd = -1;
			}
	}
}
