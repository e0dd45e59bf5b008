/* scan -- looks at every message before it is kept, and says so under seal. */
#include <stdlib.h>

#include "proc/scan/scan.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"

#define TICK      SECONDS(1)
#define TICK_AWAY (SECONDS(1) / 10)

static void
take_request(void *owner, struct channel *c, const void *message, int fd)
{
	request_take(owner, c, message, fd);
}

static const struct handlers handlers = {
	.on = { [SCAN_REQUEST] = take_request },
};

static void
tick(void *arg)
{
	struct scan *s = arg;

	requests_give_up(s, &s->hashing, PATIENCE);
	requests_give_up(s, &s->waiting,
		s->engine < 0 ? WITHOUT_ENGINE : PATIENCE);
	requests_give_up(s, &s->given, PATIENCE);
	engine_want(s);
	engine_pulse(s);
	engine_feed(s);
	timer_set(s->tick, s->engine < 0 ? TICK_AWAY : TICK);
}

static void
prepare(void *owner, struct role_process *r)
{
	struct scan *s = owner;

	s->role = r;
	s->engine = -1;
	s->in = BUF(s->in_storage);
	list_init(&s->hashing);
	list_init(&s->waiting);
	list_init(&s->given);
	mac_start();
	if (crypto_start() ||
		pool_open(sizeof(struct request), REQUESTS_MAX, &s->requests) ||
		pool_open(sizeof(struct asker), ASKERS_MAX, &s->askers) ||
		timer_open(role_loop(r), requests_hash, s, &s->more) ||
		timer_open(role_loop(r), tick, s, &s->tick))
		exit(EXIT_FAULT);
}

static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	(void)number;
	if (purpose == FILE_CLAMD)
		engine_take(owner, fd);
	else
		fd_close(&fd);
}

/* No other has a channel that requests may come by. */
static bool
asks(enum role r)
{
	return r == MX || r == SUBMISSION || r == QUEUE || r == IMAP;
}

static void
linked(void *owner, struct channel *c, const struct link_given *m)
{
	(void)m;
	if (asks(channel_peer(c)))
		request_asker_begin(owner, c);
}

static void
unlinked(void *owner, struct channel *c)
{
	if (asks(channel_peer(c)))
		request_asker_end(owner, c);
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.file = take_file,
	.linked = linked,
	.unlinked = unlinked,
};

int
main(void)
{
	static struct scan scan;
	struct role_process *r = role_start(SCAN, &handlers, &hooks, &scan);

	role_sandbox(r);
	engine_want(&scan);
	timer_set(scan.tick, TICK);
	return role_run(r);
}
