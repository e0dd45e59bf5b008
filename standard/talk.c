#include "standard/talk.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/ip.h"
#include "sys/fd.h"

#define PATIENCE 5 /* seconds */
#define FROM_ONE 8 /* connections of one address */

/* Where a permit listens, as a stranger on this host reaches it. */
static socklen_t
place(const struct site_permit *p, struct sockaddr_storage *out)
{
	static const uint8_t any[16];
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons(p->port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons(p->port) };

	if (ip_is_v4(p->address)) {
		memcpy(&four.sin_addr, p->address + 12, 4);
		if (four.sin_addr.s_addr == 0)
			four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		memcpy(out, &four, sizeof four);
		return sizeof four;
	}
	memcpy(&six.sin6_addr, p->address, 16);
	if (memcmp(p->address, any, sizeof any) == 0)
		six.sin6_addr = in6addr_loopback;
	memcpy(out, &six, sizeof six);
	return sizeof six;
}

/* Is there a whole reply: a last line "NNN text"? */
static bool
is_whole(const struct talk *t)
{
	size_t line = 0;

	if (t->len < 5 || t->reply[t->len - 1] != '\n')
		return false;
	for (size_t i = 0; i + 1 < t->len; i++)
		if (t->reply[i] == '\n')
			line = i + 1;
	return t->len - line >= 5 && t->reply[line + 3] == ' ';
}

static int
code_of(const struct talk *t)
{
	int code = 0;

	for (size_t i = 0; i < 3; i++) {
		if (i >= t->len || t->reply[i] < '0' || t->reply[i] > '9')
			return 0;
		code = 10 * code + (t->reply[i] - '0');
	}
	return code;
}

static int
listen_reply(struct talk *t)
{
	t->len = 0;
	while (!is_whole(t) && t->len < sizeof t->reply - 1) {
		ssize_t n = recv(t->fd, t->reply + t->len,
			sizeof t->reply - 1 - t->len, 0);

		if (n <= 0)
			break;
		t->len += (size_t)n;
	}
	t->reply[t->len] = 0;
	t->code = is_whole(t) ? code_of(t) : 0;
	return t->code;
}

/* Be 127.x.`net`.1 for the next connection; x is of this process. */
static void
be(const struct talk *t, unsigned net)
{
	const struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(127u << 24 |
			((unsigned)getpid() % 200 + 20) << 16 | net << 8 | 1) };

	/* where that cannot be, we are who we are */
	(void)!bind(t->fd, (const struct sockaddr *)&from, sizeof from);
}

static bool
open_from(struct talk *t, const struct site_permit *p, unsigned net)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = place(p, &at);
	const struct timeval patience = { PATIENCE, 0 };

	*t = (struct talk){ .fd = socket(at.ss_family,
				    SOCK_STREAM | SOCK_CLOEXEC, 0) };
	if (t->fd < 0)
		return false;
	if (at.ss_family == AF_INET)
		be(t, net);
	setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(t->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(t->fd, (struct sockaddr *)&at, len) == 0 &&
		listen_reply(t) != 0)
		return true;
	talk_close(t);
	return false;
}

bool
talk_open(struct talk *t, const struct site_permit *p)
{
	static unsigned opened;

	return open_from(t, p, 1 + opened++ / FROM_ONE % 250);
}

bool
talk_open_same(struct talk *t, const struct site_permit *p)
{
	return open_from(t, p, 0);
}

int
talk_say(struct talk *t, const char *format, ...)
{
	char line[1024];
	va_list values;
	int n;

	va_start(values, format);
	n = vsnprintf(line, sizeof line - 2, format, values);
	va_end(values);
	if (n < 0 || (size_t)n >= sizeof line - 2)
		return 0;
	line[n++] = '\r';
	line[n++] = '\n';
	if (send(t->fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		return t->code = 0;
	return listen_reply(t);
}

void
talk_close(struct talk *t)
{
	fd_close(&t->fd);
}

const struct site_permit *
talk_permit(const struct site *s, enum service service, struct instant now)
{
	for (uint32_t i = 0; i < s->permits_count; i++)
		if (s->permits[i].service == service &&
			site_permit_open(&s->permits[i], now))
			return &s->permits[i];
	return NULL;
}
