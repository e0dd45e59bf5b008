/* null_clamd SOCKET -- a virus engine that answers OK at once: what is measured
 * with it is the mail system's own work.  clamd's IDSESSION, FILDES and
 * INSTREAM, one thread, as many sessions as come. */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SESSIONS 64

static struct session {
	int fd;
	unsigned number;
	char word[16]; /* the command so far                       */
	unsigned len;
	bool stream;    /* what comes are chunks, each after its length */
	unsigned known; /* octets of the length that came           */
	uint32_t left;  /* the length, then octets of the chunk to come */
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
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
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

static int
say(struct session *s, const char *text)
{
	char out[64];
	int len = snprintf(out, sizeof out, "%u: %s", ++s->number, text);

	return write(s->fd, out, (size_t)len + 1) == len + 1 ? 0 : -1;
}

/* A command is complete. */
static int
obey(struct session *s)
{
	s->word[s->len] = '\0';
	s->len = 0;
	if (strstr(s->word, "zINSTREAM")) {
		s->stream = true;
		s->known = 0;
		s->left = 0;
		return 0;
	}
	if (strstr(s->word, "zFILDES"))
		return say(s, "fd[0]: OK");
	if (strstr(s->word, "zVERSION"))
		return say(s, "ClamAV 0");
	return 0;
}

/* The next octet of a length; a length of none ends the stream. */
static int
measure(struct session *s, uint8_t octet)
{
	s->left = s->left << 8 | octet;
	if (++s->known < 4 || s->left > 0)
		return 0;
	s->stream = false;
	return say(s, "stream: OK");
}

static int
serve(struct session *s)
{
	static char in[65536];
	ssize_t n = receive(s->fd, in, sizeof in);

	if (n <= 0)
		return -1;
	for (size_t i = 0, end = (size_t)n; i < end;) {
		if (s->stream && s->known == 4) {
			size_t skip = end - i < s->left ? end - i : s->left;

			i += skip;
			s->left -= (uint32_t)skip;
			if (s->left == 0)
				s->known = 0;
		} else if (s->stream) {
			if (measure(s, (uint8_t)in[i++]))
				return -1;
		} else if (in[i++] == '\0') {
			if (obey(s))
				return -1;
		} else if (s->len < sizeof s->word - 1) {
			s->word[s->len++] = in[i - 1];
		}
	}
	return 0;
}

static void
take_session(int listener)
{
	int fd = accept(listener, NULL, NULL);

	for (int i = 0; fd >= 0 && i < SESSIONS; i++)
		if (sessions[i].fd < 0) {
			sessions[i] = (struct session){ .fd = fd };
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
