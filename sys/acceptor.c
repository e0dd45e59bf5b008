#include "sys/acceptor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/must.h"
#include "lib/conf/site.h"
#include "sys/crypto.h"
#include "sys/fd.h"

#define TURN_ACCEPTS 64
#define SOURCES      65536 /* counts of the sketch, a power of two */
#define EXHAUSTED    (SECONDS(1) / 10) /* no descriptors: look again then */

struct listener {
	struct acceptor *acceptor;
	struct watch *watch;
	int fd, permit;
};

struct acceptor {
	struct loop *loop;
	struct timer *again;
	on_accept *f;
	void *owner;
	uint32_t per_source;
	uint64_t key[2];
	struct listener listeners[SITE_PERMITS];
	uint16_t counts[SOURCES];
};

/* The count of a source.  A multiplication by a secret odd number and the high
 * bits of it: universal enough for a key that nobody sees. */
static uint16_t *
count_of(struct acceptor *a, const uint8_t peer[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint64_t high, low = 0;

	memcpy(&high, peer, 8);
	if (!memcmp(peer, mapped, sizeof mapped))
		memcpy(&low, peer + 8, 8);
	high = (high ^ a->key[1]) * a->key[0];
	low = (low ^ (high >> 29)) * a->key[0];
	return &a->counts[(high ^ low) >> 48];
}

static void
take_peer(const struct sockaddr_storage *from, uint8_t peer[16], uint16_t *port)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	memset(peer, 0, 16);
	if (from->ss_family == AF_INET6) {
		memcpy(&six, from, sizeof six);
		memcpy(peer, &six.sin6_addr, 16);
		*port = ntohs(six.sin6_port);
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
	for (int i = 0; i < SITE_PERMITS; i++)
		if (a->listeners[i].watch)
			watch_want(a->listeners[i].watch,
				paused ? 0 : LOOP_READ);
}

static void
go_on(void *arg)
{
	pause_all(arg, false);
}

static void
take(struct acceptor *a, int connection, int permit,
	const struct sockaddr_storage *from)
{
	OWNED(fd_close) int fd = connection;
	uint8_t peer[16];
	uint16_t port, *count;

	take_peer(from, peer, &port);
	count = count_of(a, peer);
	if (*count < a->per_source &&
		a->f(a->owner, fd_give(&fd), permit, peer, port))
		++*count;
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

FALLIBLE
acceptor_open(struct loop *l, uint32_t per_source, on_accept *f, void *owner,
	struct acceptor **out)
{
	struct acceptor *a = calloc(1, sizeof *a);

	if (!a)
		return &fault_sys_failed;
	*a = (struct acceptor){ .loop = l, .f = f, .owner = owner,
		.per_source = per_source < UINT16_MAX ? per_source
						      : UINT16_MAX };
	random_octets(a->key, sizeof a->key);
	a->key[0] |= 1;
	for (int i = 0; i < SITE_PERMITS; i++)
		a->listeners[i] = (struct listener){ a, NULL, -1, i };
	if (timer_open(l, go_on, a, &a->again)) {
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
	for (int i = 0; i < SITE_PERMITS; i++)
		acceptor_unlisten(a, i);
}

void
acceptor_ended(struct acceptor *a, const uint8_t peer[16])
{
	uint16_t *count = count_of(a, peer);

	MUST(*count > 0);
	--*count;
}
