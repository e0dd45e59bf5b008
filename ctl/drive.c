#include "ctl/drive.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/command.h"
#include "lib/base/number.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define TIMES_MAX (1 << 20)
#define PATIENCE 60000 /* milliseconds without any reply */
#define LARGEST MiB(4)

enum step { GREETED, INTRODUCED, ENVELOPE, BODY, PARTED, STEPS };

struct client {
	int fd;
	enum step step; /* whose replies come next */
	int replies;    /* of them, still to come  */
	char line[512];
	size_t len;
	struct tick since;
};

struct load {
	const struct drive *d;
	struct client clients[DRIVE_SESSIONS];
	char envelope[512];
	char *body;
	size_t body_len;
	uint32_t *times;
	size_t times_count;
	uint64_t done;
	const char *wrong;
};

static const int expected[STEPS] = { [GREETED] = 220,
	[INTRODUCED] = 250,
	[ENVELOPE] = 250,
	[BODY] = 250,
	[PARTED] = 221 };

/* --- a client ------------------------------------------------------------ */

static bool
say(struct client *c, const char *text, size_t len, enum step next)
{
	c->step = next;
	c->replies = next == ENVELOPE ? 3 : 1;
	while (len > 0) {
		ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
connect_client(const struct load *l, struct client *c)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(l->d->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int yes = 1;

	fd_close(&c->fd);
	*c = (struct client){ .fd = socket(
				      AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
		.step = GREETED,
		.replies = 1,
		.since = clock_tick() };
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	return connect(c->fd, (const struct sockaddr *)&to, sizeof to) == 0;
}

static void
count(struct load *l, const struct client *c)
{
	int64_t us = clock_tick().us - c->since.us;

	l->done++;
	if (l->times_count < TIMES_MAX)
		l->times[l->times_count++] = (uint32_t)us;
}

/* The step's replies have come: the next one. */
static bool
go_on(struct load *l, struct client *c)
{
	switch (c->step) {
	case GREETED:
		if (l->d->octets > 0)
			return say(c, "EHLO load.invalid\r\n", 19, INTRODUCED);
		count(l, c);
		return say(c, "QUIT\r\n", 6, PARTED);
	case PARTED:
		return connect_client(l, c);
	case ENVELOPE:
		if (!say(c, l->body, l->body_len, BODY))
			return false;
		c->since = clock_tick();
		return true;
	case BODY:
		count(l, c);
		break;
	default:
		break;
	}
	return say(c, l->envelope, strlen(l->envelope), ENVELOPE);
}

/* One line of a reply; all but the last of a reply have a hyphen. */
static bool
take_line(struct load *l, struct client *c, const char *line)
{
	int code = (int)strtol(line, NULL, 10);
	bool data = c->step == ENVELOPE && c->replies == 1;

	if (code != (data ? 354 : expected[c->step])) {
		static char refusal[128];

		snprintf(refusal, sizeof refusal, "%.100s", line);
		l->wrong = refusal;
		return false;
	}
	if (line[3] == '-' || --c->replies > 0)
		return true;
	return go_on(l, c);
}

static bool
read_client(struct load *l, struct client *c)
{
	ssize_t n = recv(c->fd, c->line + c->len, sizeof c->line - 1 - c->len,
		MSG_DONTWAIT);
	char *end;

	if (n <= 0)
		return false;
	c->len += (size_t)n;
	c->line[c->len] = 0;
	while ((end = memchr(c->line, '\n', c->len))) {
		char line[sizeof c->line];
		size_t len = (size_t)(end - c->line) + 1;

		memcpy(line, c->line, len);
		line[len > 1 ? len - 2 : 0] = 0;
		c->len -= len;
		memmove(c->line, end + 1, c->len);
		if (len < 6 || !take_line(l, c, line))
			return false;
	}
	return c->len < sizeof c->line - 1;
}

/* --- all of them --------------------------------------------------------- */

static bool
run(struct load *l)
{
	int64_t end = clock_tick().us + SECONDS(l->d->seconds);
	struct pollfd wait[DRIVE_SESSIONS];

	while (clock_tick().us < end) {
		for (uint32_t i = 0; i < l->d->sessions; i++)
			wait[i] =
				(struct pollfd){ l->clients[i].fd, POLLIN, 0 };
		if (poll(wait, l->d->sessions, PATIENCE) <= 0)
			return false;
		for (uint32_t i = 0; i < l->d->sessions; i++)
			if (wait[i].revents && !read_client(l, &l->clients[i]))
				return false;
	}
	return l->done > 0;
}

static bool
make_body(struct load *l)
{
	static const char head[] = "From: load@load.invalid\r\n"
				   "Subject: measuring\r\n\r\n";
	size_t len = l->d->octets, at = sizeof head - 1;

	l->body_len = len + 5;
	l->body = len < LARGEST && len > 256 ? malloc(l->body_len) : NULL;
	if (!l->body)
		return false;
	memcpy(l->body, head, at);
	for (size_t i = at; i < len; i++)
		l->body[i] = (i - at) % 72 == 70 ? '\r'
			: (i - at) % 72 == 71    ? '\n'
						 : 'x';
	/* whatever the last line was, it is whole */
	memcpy(l->body + len - 2, "xx\r\n.\r\n", 7);
	return true;
}

static int
by_size(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
conclude(struct load *l, struct driven *out)
{
	qsort(l->times, l->times_count, sizeof *l->times, by_size);
	*out = (struct driven){ .done = l->done / (uint64_t)l->d->seconds,
		.octets = l->done * l->d->octets / (uint64_t)l->d->seconds,
		.p50_us = l->times[l->times_count / 2],
		.p99_us = l->times[l->times_count * 99 / 100] };
}

static void
close_load(struct load *l)
{
	for (uint32_t i = 0; i < l->d->sessions; i++)
		fd_close(&l->clients[i].fd);
	free(l->body);
	free(l->times);
}

bool
drive(const struct drive *d, struct driven *out)
{
	static struct load load;
	struct load *l = &load;
	bool done = d->sessions <= DRIVE_SESSIONS;

	*l = (struct load){ .d = d,
		.times = calloc(TIMES_MAX, sizeof *load.times) };
	snprintf(l->envelope, sizeof l->envelope,
		"MAIL FROM:<load@load.invalid> SIZE=%u\r\nRCPT TO:<%s>\r\n"
		"DATA\r\n",
		d->octets, d->rcpt);
	for (uint32_t i = 0; i < DRIVE_SESSIONS; i++)
		l->clients[i].fd = -1;
	done = done && l->times && (d->octets == 0 || make_body(l));
	for (uint32_t i = 0; done && i < d->sessions; i++)
		done = connect_client(l, &l->clients[i]);
	done = done && run(l);
	if (done)
		conclude(l, out);
	else
		complain(EX_UNAVAILABLE, "the service did not take the load",
			l->wrong);
	close_load(l);
	return done;
}
