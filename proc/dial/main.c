/* dial -- connects out, after a look at where to. */
#include <stdlib.h>

#include "proc/dial/dial.h"
#include "sys/crypto.h"

static void
take_request(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	(void)fd;
	call_begin(owner, message);
}

static void
take_answer(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	(void)fd;
	find_answer(owner, message);
}

static const struct handlers handlers = {
	.on = { [DIAL_REQUEST] = take_request, [DNS_ANSWER] = take_answer },
};

static void
prepare(void *owner, struct role_process *r)
{
	struct dial *d = owner;

	d->role = r;
	if (crypto_start() ||
		pool_open(sizeof(struct call), CALLS_MAX, &d->calls))
		exit(EXIT_FAULT);
}

static struct channel **
link_of(struct dial *d, enum role peer)
{
	switch (peer) {
	case QUEUE:
		return &d->queue;
	case RELAY:
		return &d->relay;
	case DNS:
		return &d->dns;
	default:
		return NULL;
	}
}

static void
linked(void *owner, struct channel *c, const struct link_given *m)
{
	struct channel **link = link_of(owner, channel_peer(c));

	(void)m;
	if (link)
		*link = c;
}

static void
unlinked(void *owner, struct channel *c)
{
	struct channel **link = link_of(owner, channel_peer(c));

	if (!link || *link != c)
		return;
	*link = NULL;
	if (channel_peer(c) == DNS)
		find_lost(owner);
}

static void
stop(void *owner)
{
	struct dial *d = owner;

	call_end_all(d);
	role_stop(d->role);
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.linked = linked,
	.unlinked = unlinked,
	.stop = stop,
};

int
main(void)
{
	static struct dial dial;
	struct role_process *r = role_start(DIAL, &handlers, &hooks, &dial);

	role_sandbox(r);
	return role_run(r);
}
