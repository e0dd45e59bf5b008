#include "sys/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/must.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "trust/rights.h"

#define PACKET_MAX   8192
#define TURN_PACKETS 128 /* served before others have their turn */

struct channel {
	struct watch *watch;
	const struct handlers *handlers;
	void *owner, *data;
	on_room *room;
	int fd;
	enum role self, peer;
	uint32_t instance;
	bool paused;
	bool serving; /* a handler is running     */
	bool closed;  /* free when it returns     */
};

static on_forbidden *tell_forbidden;

/* One packet at a time is in work, so one buffer serves all channels; a
 * handler that calls channel_wait has its message in the caller's storage. */
static _Alignas(8) uint8_t packet_storage[PACKET_MAX];

static void ready(void *arg, unsigned what);

FALLIBLE
channel_open(struct loop *l, int fd, enum role self, enum role peer,
	uint32_t instance, const struct handlers *h, void *owner,
	struct channel **out)
{
	OWNED(fd_close) int owned = fd;
	struct channel *c = calloc(1, sizeof *c);
	const struct fault *f;

	if (!c)
		return &fault_sys_failed;
	*c = (struct channel){ .handlers = h, .owner = owner, .fd = fd,
		.self = self, .peer = peer, .instance = instance };
	f = fd_nonblocking(fd);
	if (!f)
		f = watch_open(l, fd, LOOP_READ, ready, c, &c->watch);
	if (f) {
		free(c);
		return f;
	}
	fd_give(&owned);
	*out = c;
	return OK;
}

FALLIBLE
channel_send(struct channel *c, const void *message, int fd)
{
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct head head;
	struct iovec iov;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (!c || c->closed)
		return &fault_ipc_closed;
	memcpy(&head, message, sizeof head);
	iov = (struct iovec){ (void *)(uintptr_t)message,
		message_size(head.type) };
	MUST(iov.iov_len > 0);
	if (fd >= 0) {
		m.msg_control = control.octets;
		m.msg_controllen = sizeof control.octets;
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
	}
	while (sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
			return &fault_ipc_busy;
		return &fault_ipc_closed;
	}
	return OK;
}

FALLIBLE
channel_send_patiently(struct channel *c, const void *message,
	int64_t timeout_us)
{
	int64_t end = clock_tick().us + timeout_us, left = timeout_us;
	const struct fault *f;

	while ((f = channel_send(c, message, -1)) == &fault_ipc_busy &&
		left > 0) {
		struct pollfd p = { c->fd, POLLOUT, 0 };

		if (poll(&p, 1, (int)(left / 1000 + 1)) < 0 && errno != EINTR)
			return &fault_sys_failed;
		left = end - clock_tick().us;
	}
	return f;
}

/* LOST: its descriptor found no room among ours, so it never came; whoever sent
 * it is not to blame, and gives up in the end. */
enum receipt { GOT, NOTHING, LOST, ENDED, BROKEN };

/* Read one packet into `storage`. */
static enum receipt
receive(struct channel *c, void *storage, struct packet *p)
{
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec iov = { storage, PACKET_MAX };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof control.octets };
	ssize_t n;
	size_t fds = 0;

	do
		n = recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? NOTHING : ENDED;

	*p = (struct packet){ storage, (size_t)n, -1 };
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		fds = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < fds; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof fd, sizeof fd);
			if (i == 0)
				p->fd = fd;
			else
				close(fd);
		}
	}
	if (n == 0 && fds == 0)
		return ENDED;
	if (fds == 0 && (m.msg_flags & MSG_CTRUNC))
		return LOST;
	if (fds > 1 || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		fd_close(&p->fd);
		return BROKEN;
	}
	return GOT;
}

static void
release(struct channel *c)
{
	watch_close(&c->watch);
	fd_close(&c->fd);
	if (!c->serving)
		free(c);
}

static void
cut_off(struct channel *c)
{
	if (c->closed)
		return;
	c->closed = true;
	if (c->handlers->gone)
		c->handlers->gone(c->owner, c);
	release(c);
}

static void
forbid(struct channel *c, uint32_t type)
{
	if (tell_forbidden)
		tell_forbidden(c->peer, c->instance, type);
	cut_off(c);
}

/* Judge and hand over; false when the channel is gone afterwards. */
static bool
serve(struct channel *c, struct packet *p)
{
	struct head head = { 0 };

	if (p->len >= sizeof head)
		memcpy(&head, p->octets, sizeof head);
	if (rights_admit(c->peer, c->self, p)) {
		fd_close(&p->fd);
		forbid(c, head.type);
		return false;
	}
	MUST(c->handlers->on[head.type]);
	c->handlers->on[head.type](c->owner, c, p->octets, p->fd);
	return !c->closed;
}

/* Read until nothing is left, this turn's share is used up or `type` came. */
static bool
serve_until(struct channel *c, uint32_t type, void *message)
{
	bool nested = c->serving;

	c->serving = true;
	for (int i = 0; i < TURN_PACKETS && !c->closed; i++) {
		struct packet p;
		struct head head;
		enum receipt got;

		if (c->paused && type == MESSAGE_NONE)
			break;
		got = receive(c, packet_storage, &p);
		if (got == NOTHING)
			break;
		if (got == LOST)
			continue;
		if (got == ENDED)
			cut_off(c);
		else if (got == BROKEN)
			forbid(c, MESSAGE_NONE);
		else if (type != MESSAGE_NONE && p.len >= sizeof head &&
			!rights_admit(c->peer, c->self, &p) &&
			(memcpy(&head, p.octets, sizeof head),
				head.type == type)) {
			fd_close(&p.fd);
			memcpy(message, p.octets, p.len);
			c->serving = nested;
			return true;
		} else
			serve(c, &p);
	}
	c->serving = nested;
	if (c->closed && !nested)
		free(c);
	return false;
}

static void
want(struct channel *c)
{
	watch_want(c->watch, (c->paused ? 0u : LOOP_READ) |
			(c->room ? LOOP_WRITE : 0u));
}

/* False when the channel is gone afterwards. */
static bool
tell_room(struct channel *c)
{
	on_room *f = c->room;
	bool closed;

	c->room = NULL;
	want(c);
	c->serving = true;
	f(c->owner, c);
	c->serving = false;
	closed = c->closed;
	if (closed)
		free(c);
	return !closed;
}

static void
ready(void *arg, unsigned what)
{
	struct channel *c = arg;

	if ((what & LOOP_WRITE) && c->room && !tell_room(c))
		return;
	if (what & LOOP_READ)
		serve_until(c, MESSAGE_NONE, NULL);
}

FALLIBLE
channel_wait(struct channel *c, uint32_t type, void *message,
	int64_t timeout_us)
{
	int64_t end = clock_tick().us + timeout_us;

	if (!c)
		return &fault_ipc_closed;
	for (;;) {
		struct pollfd p = { c->fd, POLLIN, 0 };
		int64_t left = end - clock_tick().us;
		bool nested = c->serving, closed;

		if (left <= 0)
			return &fault_ipc_busy;
		if (poll(&p, 1, (int)(left / 1000 + 1)) < 0 && errno != EINTR)
			return &fault_sys_failed;
		c->serving = true;
		if (serve_until(c, type, message)) {
			c->serving = nested;
			return OK;
		}
		c->serving = nested;
		closed = c->closed;
		if (closed && !nested)
			free(c);
		if (closed)
			return &fault_ipc_closed;
	}
}

void
channel_close(struct channel **c)
{
	if (!*c)
		return;
	if (!(*c)->closed) {
		(*c)->closed = true;
		release(*c);
	}
	*c = NULL;
}

enum role
channel_peer(const struct channel *c)
{
	return c->peer;
}

uint32_t
channel_instance(const struct channel *c)
{
	return c->instance;
}

uint32_t
channel_uid(const struct channel *c)
{
	struct ucred who;
	socklen_t len = sizeof who;

	return getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0
		? who.uid
		: UINT32_MAX;
}

void
channel_pause(struct channel *c, bool paused)
{
	c->paused = paused;
	want(c);
}

void
channel_end(struct channel *c)
{
	if (!c->closed)
		shutdown(c->fd, SHUT_RDWR);
}

void
channel_on_room(struct channel *c, on_room *f)
{
	if (c->closed)
		return;
	c->room = f;
	want(c);
}

void
channel_set_data(struct channel *c, void *data)
{
	c->data = data;
}

void *
channel_data(const struct channel *c)
{
	return c->data;
}

void
channel_on_forbidden(on_forbidden *f)
{
	tell_forbidden = f;
}
