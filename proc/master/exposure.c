#include "proc/master/exposure.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/base/ip.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/sockets.h"
#include "trust/roles.h"

static bool
refuse(const char *what)
{
	fprintf(stderr, "posthold: %s\n", what);
	LOG(EV_SETTINGS_REFUSED, 0, log_text(span_of(what)));
	return false;
}

/* With it packets for 127.0.0.1 may come from outside, as an address
 * translation sends them; for ::1 the kernel has no such switch. */
static bool
is_routed(int directory, const char *interface)
{
	char path[300], value = '0';
	OWNED(fd_close) int fd = -1;

	snprintf(path, sizeof path, "%s/route_localnet", interface);
	fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &value, 1) == 1 && value != '0';
}

/* Which interface lets others in; NULL: none, or the kernel does not say. */
static const char *
find_routed(void)
{
	static char found[256];
	DIR *d = opendir("/proc/sys/net/ipv4/conf");
	struct dirent *e;
	bool routed = false;

	while (d && !routed && (e = readdir(d)))
		if (e->d_name[0] != '.' && is_routed(dirfd(d), e->d_name)) {
			snprintf(found, sizeof found, "%s", e->d_name);
			routed = true;
		}
	if (d)
		closedir(d);
	return routed ? found : NULL;
}

/* SMTP, submission, POP, IMAP, ManageSieve, LMTP. */
static const uint16_t mail_ports[] = { 24, 25, 110, 143, 465, 587, 993, 995,
	4190 };

static bool
is_mail_port(uint16_t port)
{
	for (size_t i = 0; i < COUNT_OF(mail_ports); i++)
		if (mail_ports[i] == port)
			return true;
	return false;
}

static const struct waiting_socket *
find_mail_server(void)
{
	static struct sockets_scan scan;

	if (sockets_scan(0, &scan))
		return NULL;
	for (uint32_t i = 0; i < scan.count; i++) {
		const struct waiting_socket *w = &scan.at[i];

		if (w->kind == SOCKET_TCP && w->here && w->port < 65536 &&
			is_mail_port((uint16_t)w->port) &&
			!address_is_loopback(w->address))
			return w;
	}
	return NULL;
}

static bool
refuse_server(const struct waiting_socket *w)
{
	char text[160] = "";
	struct buf b = { (uint8_t *)text, 0, sizeof text - 1 };

	if (!buf_put_text(&b, "a mail server listens on ") ||
		!put_socket(&b, w) ||
		!buf_put_text(&b, ": a host that only sends has none, stop it "
				  "(NC-2.1.9)"))
		buf_clear(&b);
	return refuse(text);
}

bool
exposure_admits(const struct site *s)
{
	const struct waiting_socket *server;
	const char *interface;
	char text[400];

	if ((s->role == SITE_LOCAL) != BUILD_LOCAL)
		return refuse(BUILD_LOCAL
			? "these programs only send: set role local (NC-2.1.9)"
			: "role local needs the programs of its own build: "
			  "make MODE=local (NC-2.1.9)");
	if (!BUILD_LOCAL)
		return true;
	interface = find_routed();
	if (interface) {
		snprintf(text, sizeof text,
			"net.ipv4.conf.%s.route_localnet lets others reach "
			"127.0.0.1: set it to 0 (NC-2.1.9)",
			interface);
		return refuse(text);
	}
	server = find_mail_server();
	return server ? refuse_server(server) : true;
}
