#include "proc/master/listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "sys/fd.h"
#include "sys/log.h"

#define BACKLOG 1024

static const enum role controlled[] = { MASTER, QUEUE, AUTH, STORE };

static bool
is_mapped(const uint8_t address[16])
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address, prefix, sizeof prefix) == 0;
}

static int
bind_permit(const struct site_permit *p)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons(p->port) };
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons(p->port) };
	bool mapped = is_mapped(p->address);
	OWNED(fd_close) int fd = socket(mapped ? AF_INET : AF_INET6,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;

	if (fd < 0)
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

static void
end_permit(struct master *m, uint32_t i, const char *reason)
{
	const struct site_permit *p = &m->site.permits[i];

	/* Whoever else holds the socket stops listening as well. */
	shutdown(m->listeners[i], SHUT_RDWR);
	fd_close(&m->listeners[i]);
	process_tell_listener(m, i, false);
	LOG(EV_SERVICE_CLOSED, 0, log_text(span_of(service_name(p->service))),
		log_number(p->port), log_text(span_of(reason)));
}

FALLIBLE
listeners_follow_permits(struct master *m, struct instant now)
{
	const struct fault *f = OK;

	for (uint32_t i = 0; i < m->site.permits_count; i++) {
		const struct site_permit *p = &m->site.permits[i];
		bool open = site_permit_open(p, now);

		if (open == (m->listeners[i] >= 0))
			continue;
		if (!open) {
			end_permit(m, i, "permit expired");
			continue;
		}
		m->listeners[i] = bind_permit(p);
		if (m->listeners[i] < 0) {
			fprintf(stderr,
				"posthold: cannot listen for permit %s on port %u: %s\n",
				service_name(p->service), p->port,
				strerror(errno));
			f = &fault_sys_failed;
			continue; /* the others are not to blame */
		}
		process_tell_listener(m, i, true);
		LOG(EV_SERVICE_LISTEN, 0,
			log_text(span_of(service_name(p->service))),
			log_address(p->address), log_number(p->port),
			log_text(SITE_TEXT(p->reason)));
	}
	return f;
}

void
listeners_close_all(struct master *m)
{
	for (uint32_t i = 0; i < m->site.permits_count; i++)
		if (m->listeners[i] >= 0)
			end_permit(m, i, "settings changed");
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
		int fd = bind_control(m, controlled[i]);

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
