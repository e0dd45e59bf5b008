#include "proc/master/listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/ip.h"
#include "lib/base/number.h"
#include "proc/master/give.h"
#include "sys/fd.h"
#include "sys/log.h"

#define BACKLOG 1024

static const enum role controlled[] = { MASTER, QUEUE, AUTH, STORE, METER };

/* The build for hosts that only send reaches nobody else, whatever the settings
 * say (NC-2.1.9.c). */
static bool
may_bind(const struct site_permit *p)
{
	return !BUILD_LOCAL || address_is_loopback(p->address);
}

static int
bind_permit(const struct site_permit *p)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons(p->port) };
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons(p->port) };
	bool mapped = ip_is_v4(p->address);
	OWNED(fd_close) int fd = socket(mapped ? AF_INET : AF_INET6,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;

	if (fd < 0 || !may_bind(p))
		return -1;
	memcpy(&six.sin6_addr, p->address, 16);
	memcpy(&four.sin_addr, p->address + 12, 4);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) ||
		(!mapped && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
				    sizeof on)) ||
		bind(fd, mapped ? (struct sockaddr *)&four
				: (struct sockaddr *)&six,
			mapped ? sizeof four : sizeof six) ||
		listen(fd, BACKLOG))
		return -1;
	return fd_give(&fd);
}

void
sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < SITE_PERMITS; i++)
		fd_close(&s->fd[i]);
}

/* The open socket of m->site for the same service, address and port. */
static int
find_same(const struct master *m, const struct site_permit *p)
{
	for (uint32_t i = 0; i < m->site.permits_count; i++) {
		const struct site_permit *q = &m->site.permits[i];

		if (m->sockets.fd[i] >= 0 && p->service == q->service &&
			p->port == q->port &&
			memcmp(p->address, q->address, sizeof p->address) == 0)
			return (int)i;
	}
	return -1;
}

FALLIBLE
listeners_prepare(const struct master *m, const struct site *site,
	struct instant now, struct sockets *out)
{
	OWNED(sockets_close) struct sockets s = SOCKETS_NONE;

	for (uint32_t i = 0; i < site->permits_count; i++) {
		const struct site_permit *p = &site->permits[i];

		if (!site_permit_open(p, now))
			continue;
		s.was[i] = find_same(m, p);
		s.fd[i] = s.was[i] < 0 ? bind_permit(p)
				       : fcntl(m->sockets.fd[s.was[i]],
						 F_DUPFD_CLOEXEC, 0);
		if (s.fd[i] < 0) {
			fprintf(stderr,
				"posthold: cannot listen for permit %s on port %u: %s\n",
				service_name(p->service), p->port,
				strerror(errno));
			LOG(EV_SETTINGS_REFUSED, 0,
				log_text(SPAN("a permitted port cannot be bound")));
			return &fault_sys_failed;
		}
	}
	*out = s;
	s = SOCKETS_NONE;
	return OK;
}

static void
end_permit(struct master *m, uint32_t i, const char *reason)
{
	const struct site_permit *p = &m->site.permits[i];

	/* Whoever else holds the socket stops listening as well. */
	shutdown(m->sockets.fd[i], SHUT_RDWR);
	fd_close(&m->sockets.fd[i]);
	give_listener_end(m, i);
	LOG(EV_SERVICE_CLOSED, 0, log_text(span_of(service_name(p->service))),
		log_number(p->port), log_text(span_of(reason)));
}

/* Which permit goes on with socket `old`; -1: none. */
static int
find_heir(const struct sockets *next, uint32_t old)
{
	for (int i = 0; i < SITE_PERMITS; i++)
		if (next->fd[i] >= 0 && next->was[i] == (int)old)
			return i;
	return -1;
}

void
listeners_retire(struct master *m, const struct sockets *next)
{
	for (uint32_t i = 0; i < m->site.permits_count; i++) {
		int heir = find_heir(next, i);

		if (m->sockets.fd[i] < 0 || heir == (int)i)
			continue;
		if (heir < 0)
			end_permit(m, i, "settings changed");
		else /* another number: its role will be told of it anew */
			give_listener_end(m, i);
	}
}

void
listeners_use(struct master *m, struct sockets *s)
{
	sockets_close(&m->sockets);
	m->sockets = *s;
	*s = SOCKETS_NONE;
	for (uint32_t i = 0; i < m->site.permits_count; i++) {
		const struct site_permit *p = &m->site.permits[i];

		if (m->sockets.fd[i] < 0 || m->sockets.was[i] == (int)i)
			continue;
		give_listener(m, i);
		if (m->sockets.was[i] >= 0)
			continue;
		LOG(EV_SERVICE_LISTEN, 0,
			log_text(span_of(service_name(p->service))),
			log_address(p->address), log_number(p->port),
			log_text(SITE_TEXT(p->reason)));
	}
}

void
listeners_end_permits(struct master *m, struct instant now)
{
	for (uint32_t i = 0; i < m->site.permits_count; i++)
		if (m->sockets.fd[i] >= 0 &&
			!site_permit_open(&m->site.permits[i], now))
			end_permit(m, i, "permit expired");
}

struct instant
listeners_next_end(const struct master *m, struct instant now)
{
	struct instant next = { INT64_MAX };

	for (uint32_t i = 0; i < m->site.permits_count; i++) {
		int64_t end = m->site.permits[i].expires_us;

		if (end > now.us && end < next.us)
			next.us = end;
	}
	return next;
}

static int
bind_local(const struct master *m, const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	OWNED(fd_close) int fd = socket(AF_UNIX,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int n = snprintf(at.sun_path, sizeof at.sun_path, "%s/%s.sock",
		m->site.run_directory, name);

	if (fd < 0 || n < 0 || (size_t)n >= sizeof at.sun_path)
		return -1;
	unlink(at.sun_path);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) ||
		chmod(at.sun_path, 0666) || listen(fd, BACKLOG))
		return -1;
	return fd_give(&fd);
}

FALLIBLE
listeners_bind_local(struct master *m)
{
	static const char *const names[LOCAL_SOCKETS] = { "smtp", "lmtp" };

	for (size_t i = 0; i < LOCAL_SOCKETS; i++) {
		m->local_sockets[i] = bind_local(m, names[i]);
		if (m->local_sockets[i] >= 0)
			continue;
		fprintf(stderr, "posthold: cannot make %s/%s.sock: %s\n",
			m->site.run_directory, names[i], strerror(errno));
		return &fault_sys_failed;
	}
	return OK;
}

static int
bind_control(const struct master *m, enum role role)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	OWNED(fd_close) int fd = socket(AF_UNIX,
		SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int n = snprintf(at.sun_path, sizeof at.sun_path, "%s/ctl/%s.sock",
		m->site.run_directory, role_name(role));

	if (fd < 0 || n < 0 || (size_t)n >= sizeof at.sun_path)
		return -1;
	unlink(at.sun_path);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) ||
		chmod(at.sun_path, 0600) || listen(fd, 16))
		return -1;
	if (m->site.operator_uid != 0 &&
		chown(at.sun_path, m->site.operator_uid, 0))
		return -1;
	return fd_give(&fd);
}

FALLIBLE
listeners_bind_controls(struct master *m)
{
	for (size_t i = 0; i < COUNT_OF(controlled); i++) {
		int fd;

		if (controlled[i] != MASTER &&
			!role_runs(controlled[i], BUILD_LOCAL))
			continue;
		fd = bind_control(m, controlled[i]);
		if (fd < 0) {
			fprintf(stderr,
				"posthold: cannot make %s/ctl/%s.sock: %s\n",
				m->site.run_directory, role_name(controlled[i]),
				strerror(errno));
			return &fault_sys_failed;
		}
		m->controls[controlled[i]] = fd;
	}
	return OK;
}
