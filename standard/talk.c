#include "standard/talk.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/ip.h"
#include "sys/fd.h"

#define PATIENCE 5 /* seconds */
#define FROM_ONE 8 /* connections of one address */

socklen_t
talk_place(const struct site_permit *p, struct sockaddr_storage *out)
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

/* The last line that has come whole; SPAN_NONE: there is none. */
static struct span
last_line(const struct talk *t)
{
	size_t line = 0;

	if (t->len < 2 || t->reply[t->len - 1] != '\n')
		return SPAN_NONE;
	for (size_t i = 0; i + 1 < t->len; i++)
		if (t->reply[i] == '\n')
			line = i + 1;
	return span_at(t->reply + line, t->len - line);
}

/* "NNN text" */
static int
smtp_code(struct span line)
{
	int code = 0;

	if (line.len < 5 || line.at[3] != ' ')
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (line.at[i] < '0' || line.at[i] > '9')
			return 0;
		code = 10 * code + (line.at[i] - '0');
	}
	return code;
}

/* "a OK text", and "* OK text" as a greeting */
static int
imap_code(struct span line, bool greeting)
{
	if (!span_take_nocase(&line, greeting ? SPAN("* ") : SPAN("a ")))
		return 0;
	return span_starts_nocase(line, SPAN("OK "))    ? 250
		: span_starts_nocase(line, SPAN("NO "))  ? 550
		: span_starts_nocase(line, SPAN("BAD ")) ? 501
							 : 0;
}

static int
code_of(const struct talk *t, bool greeting)
{
	return t->imap ? imap_code(last_line(t), greeting)
		       : smtp_code(last_line(t));
}

/* --- octets --------------------------------------------------------------- */

static bool
wait_for(const struct talk *t, short what, int seconds)
{
	struct pollfd p = { t->fd, what, 0 };

	return poll(&p, 1, seconds * 1000) > 0;
}

/* Some more octets of the reply; false: no more come. */
static bool
get(struct talk *t, int seconds)
{
	struct buf in = { (uint8_t *)t->reply, t->len, sizeof t->reply - 1 };
	enum tls_status s = TLS_WANT_READ;
	ssize_t n;

	if (!t->secure) {
		if (!wait_for(t, POLLIN, seconds))
			return false;
		n = recv(t->fd, in.at + in.len, in.cap - in.len, MSG_DONTWAIT);
		t->len += n > 0 ? (size_t)n : 0;
		return n > 0;
	}
	while (s == TLS_WANT_READ || s == TLS_WANT_WRITE) {
		s = tls_read(&t->tls, &in);
		if (s == TLS_WANT_READ && !wait_for(t, POLLIN, seconds))
			return false;
		if (s == TLS_WANT_WRITE && !wait_for(t, POLLOUT, seconds))
			return false;
	}
	t->len = in.len;
	return s == TLS_DONE;
}

static int
hear(struct talk *t, int seconds, bool greeting)
{
	t->len = 0;
	t->code = 0;
	while (t->code == 0 && t->len < sizeof t->reply - 1 && get(t, seconds))
		t->code = code_of(t, greeting);
	t->reply[t->len] = 0;
	return t->code;
}

int
talk_hear(struct talk *t, int seconds)
{
	return hear(t, seconds, false);
}

bool
talk_send(struct talk *t, struct span octets)
{
	while (octets.len > 0) {
		enum tls_status s = TLS_DONE;
		ssize_t n;

		if (!wait_for(t, POLLOUT, PATIENCE))
			return false;
		if (t->secure) {
			s = tls_write(&t->tls, &octets);
			if (s == TLS_WANT_READ && !wait_for(t, POLLIN, PATIENCE))
				return false;
			if (s != TLS_DONE && s != TLS_WANT_READ &&
				s != TLS_WANT_WRITE)
				return false;
			continue;
		}
		n = send(t->fd, octets.at, octets.len,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n <= 0)
			return false;
		span_shift_upto(&octets, (size_t)n);
	}
	return true;
}

/* --- connections ---------------------------------------------------------- */

static bool
is_loopback(const struct sockaddr_storage *at)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)at;

	return at->ss_family == AF_INET &&
		ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
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
connect_from(struct talk *t, const struct site_permit *p, unsigned net)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = talk_place(p, &at);

	memset(t, 0, sizeof *t);
	t->imap = p->service == SERVICE_IMAPS;
	t->fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return false;
	if (is_loopback(&at))
		be(t, net);
	if (connect(t->fd, (struct sockaddr *)&at, len) == 0 &&
		!fd_nonblocking(t->fd))
		return true;
	talk_close(t);
	return false;
}

bool
talk_connect(struct talk *t, const struct site_permit *p)
{
	static unsigned opened;

	return connect_from(t, p, 1 + opened++ / FROM_ONE % 250);
}

/* Any certificate is taken: what is said is the subject here. */
static struct tls_context *
any_certificate(void)
{
	static struct tls_context *context;

	if (!context && (tls_start() ||
				tls_context_client(false, SPAN_NONE, &context)))
		return NULL;
	return context;
}

bool
talk_secure(struct talk *t, struct span host)
{
	struct tls_context *any = any_certificate();

	return any && talk_secure_by(t, any, host);
}

bool
talk_secure_by(struct talk *t, struct tls_context *context, struct span host)
{
	enum tls_status s = TLS_WANT_READ;

	if (tls_connect_start(&t->tls, context, t->fd, host))
		return false;
	while (s == TLS_WANT_READ || s == TLS_WANT_WRITE) {
		s = tls_step(&t->tls);
		if (s == TLS_WANT_READ && !wait_for(t, POLLIN, PATIENCE))
			return false;
		if (s == TLS_WANT_WRITE && !wait_for(t, POLLOUT, PATIENCE))
			return false;
	}
	t->secure = s == TLS_DONE;
	return t->secure;
}

/* Read the greeting, inside TLS where the service begins with it. */
static bool
greet(struct talk *t, const struct site_permit *p, struct span host)
{
	bool secure = p->service == SERVICE_SUBMISSIONS ||
		p->service == SERVICE_IMAPS;

	if ((!secure || talk_secure(t, host)) && hear(t, PATIENCE, true) != 0)
		return true;
	talk_close(t);
	return false;
}

bool
talk_open(struct talk *t, const struct site_permit *p, struct span host)
{
	return talk_connect(t, p) && greet(t, p, host);
}

bool
talk_open_same(struct talk *t, const struct site_permit *p)
{
	return connect_from(t, p, 0) && greet(t, p, SPAN("probe.invalid"));
}

int
talk_say(struct talk *t, const char *format, ...)
{
	char line[1300];
	va_list values;
	size_t tag = t->imap ? 2 : 0;
	int n;

	memcpy(line, "a ", 2);
	va_start(values, format);
	n = vsnprintf(line + tag, sizeof line - 4, format, values);
	va_end(values);
	t->code = 0;
	if (n < 0 || (size_t)n >= sizeof line - 4)
		return 0;
	memcpy(line + tag + n, "\r\n", 2);
	if (!talk_send(t, span_at(line, tag + (size_t)n + 2)))
		return 0;
	return talk_hear(t, PATIENCE);
}

void
talk_close(struct talk *t)
{
	tls_done(&t->tls);
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
