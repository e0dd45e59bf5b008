#include "sys/acceptor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/policy/share.h"
#include "sys/crypto.h"
#include "sys/fd.h"

#define TURN_ACCEPTS 64
#define EXHAUSTED    (SECONDS(1) / 10) /* no descriptors: look again then */

struct listener {
	struct acceptor *acceptor;
	struct watch *watch;
	int fd, permit;
};

struct acceptor {
	struct loop *loop;
	struct timer *again;
	struct acceptor_events events;
	void *owner;
	const struct site *site;
	struct listener listeners[SITE_LISTENERS];
	struct share share;
};

/* A Unix socket has no address: its user is the source. */
static void
take_user(int fd, uint8_t peer[16])
{
	struct ucred who = { 0 };
	socklen_t len = sizeof who;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0)
		memcpy(peer, &who.uid, sizeof who.uid);
}

static void
take_peer(int fd, const struct sockaddr_storage *from, uint8_t peer[16],
	uint16_t *port)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	memset(peer, 0, 16);
	if (from->ss_family == AF_INET6) {
		memcpy(&six, from, sizeof six);
		memcpy(peer, &six.sin6_addr, 16);
		*port = ntohs(six.sin6_port);
	} else if (from->ss_family == AF_UNIX) {
		take_user(fd, peer);
		*port = 0;
	} else {
		memcpy(&four, from, sizeof four);
		peer[10] = peer[11] = 0xff;
		memcpy(peer + 12, &four.sin_addr, 4);
		*port = ntohs(four.sin_port);
	}
}

static void
pause_all(struct acceptor *a, bool paused)
{
	for (int i = 0; i < SITE_LISTENERS; i++)
		if (a->listeners[i].watch)
			watch_want(a->listeners[i].watch,
				paused ? 0 : LOOP_READ);
}

static void
go_on(void *arg)
{
	pause_all(arg, false);
}

/* What the client sent already is read first: closing with unread octets would
 * take our words back (RST). */
static void
say(struct acceptor *a, int fd, int permit, const uint8_t peer[16],
	const struct fault *why)
{
	uint8_t room[512], unread[2048];
	struct buf out = BUF(room);

	if (a->events.refusal)
		a->events.refusal(a->owner, &out, permit, peer, why);
	if (out.len == 0)
		return;
	if (send(fd, out.at, out.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return; /* it has gone */
	(void)!recv(fd, unread, sizeof unread, MSG_DONTWAIT);
}

void
acceptor_refuse(struct acceptor *a, int fd, int permit, const uint8_t peer[16],
	const struct fault *why)
{
	OWNED(fd_close) int owned = fd;

	say(a, owned, permit, peer, why);
	share_give(&a->share, peer);
}

static void
take(struct acceptor *a, int connection, int permit,
	const struct sockaddr_storage *from)
{
	const struct share_limits limits = { .slots = a->site->max_sessions,
		.per_source = a->site->max_per_source,
		.per_net = a->site->max_per_net,
		.few = a->site->few_sessions };
	OWNED(fd_close) int fd = connection;
	const struct fault *f;
	uint8_t peer[16];
	uint16_t port;

	take_peer(fd, from, peer, &port);
	f = share_take(&a->share, &limits, peer);
	if (f == &fault_sys_pool_empty && a->events.place &&
		a->events.place(a->owner))
		f = share_take(&a->share, &limits, peer);
	if (f)
		say(a, fd, permit, peer, f);
	else if (!a->events.accept(a->owner, fd_give(&fd), permit, peer, port))
		share_give(&a->share, peer);
}

static void
readable(void *arg, unsigned what)
{
	struct listener *l = arg;
	struct acceptor *a = l->acceptor;

	(void)what;
	for (int i = 0; i < TURN_ACCEPTS && l->fd >= 0; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof from;
		int fd = accept4(l->fd, (struct sockaddr *)&from, &len,
			SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			take(a, fd, l->permit, &from);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			errno == ENOMEM) { /* never spin (DO-D11) */
			pause_all(a, true);
			timer_set(a->again, EXHAUSTED);
		}
		return;
	}
}

/* Places for as many sessions as the service may have. */
static bool
open_share(struct share *s, uint32_t sessions)
{
	struct share_holder *holders = calloc(2 * sessions, sizeof *holders);
	struct table_slot *slots = calloc(2 * sessions, sizeof *slots);
	struct siphash_key key;

	if (!holders || !slots) {
		free(holders);
		free(slots);
		return false;
	}
	random_octets(key.octets, sizeof key.octets);
	share_init(s, holders, slots, 2 * sessions, &key);
	return true;
}

FALLIBLE
acceptor_open(struct loop *l, const struct site *site,
	const struct acceptor_events *events, void *owner, struct acceptor **out)
{
	struct acceptor *a = calloc(1, sizeof *a);

	if (!a)
		return &fault_sys_failed;
	*a = (struct acceptor){ .loop = l, .site = site, .events = *events,
		.owner = owner };
	for (int i = 0; i < SITE_LISTENERS; i++)
		a->listeners[i] = (struct listener){ a, NULL, -1, i };
	if (!open_share(&a->share, site->max_sessions) ||
		timer_open(l, go_on, a, &a->again)) {
		free(a);
		return &fault_sys_failed;
	}
	*out = a;
	return OK;
}

FALLIBLE
acceptor_listen(struct acceptor *a, int fd, int permit)
{
	struct listener *l = &a->listeners[permit];

	acceptor_unlisten(a, permit);
	l->fd = fd;
	return watch_open(a->loop, fd, LOOP_READ, readable, l, &l->watch);
}

void
acceptor_unlisten(struct acceptor *a, int permit)
{
	struct listener *l = &a->listeners[permit];

	watch_close(&l->watch);
	fd_close(&l->fd);
}

void
acceptor_unlisten_all(struct acceptor *a)
{
	for (int i = 0; i < SITE_LISTENERS; i++)
		acceptor_unlisten(a, i);
}

void
acceptor_ended(struct acceptor *a, const uint8_t peer[16])
{
	share_give(&a->share, peer);
}
