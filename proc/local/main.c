/* local -- mail of this host's own programs, and of nobody else (NC-2.1.9). */
#include "proc/local/local.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/number.h"
#include "lib/smtp/reply.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/log.h"

#define ARENAS MiB(64)

static bool
is_lmtp(const struct site *s, int service)
{
	return service == SOCKET_LMTP ||
		(service < SITE_PERMITS &&
			s->permits[service].service == SERVICE_LMTP);
}

static void
describe_services(void *owner)
{
	struct local *l = owner;
	const struct site *s = site_of(l->role);

	for (int i = 0; i < SITE_LISTENERS; i++)
		l->profiles[i] = (struct smtp_profile){
			.host = SITE_TEXT(s->host),
			.lmtp = is_lmtp(s, i),
			.max_message = s->max_message,
			.max_rcpts = s->max_recipients,
			.max_messages = s->max_messages,
		};
}

static void
prepare(void *owner, struct role_process *r)
{
	struct local *l = owner;
	const struct site *s = site_of(r);
	void *arenas = pool_storage(ARENAS);

	l->role = r;
	mac_start();
	if (!arenas || crypto_start() || peer_open(&l->questions) ||
		pool_open(sizeof(struct session), s->max_sessions,
			&l->sessions))
		exit(EXIT_FAULT);
	arena_pool_init(&l->arenas, arenas, ARENAS);
	describe_services(l);
}

static void
unlinked(void *owner, struct channel *c)
{
	struct local *l = owner;

	if (channel_peer(c) == QUEUE && !role_link(l->role, QUEUE))
		talk_lost(l);
}

static void
stop(void *owner)
{
	struct local *l = owner;

	l->stopping = true;
	acceptor_unlisten_all(role_acceptor(l->role));
	talk_stop_all(l);
}

static void
take_spool(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	message_spool(owner, message, fd);
}

static void
take_queued(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	(void)fd;
	message_queued(owner, message);
}

static const struct handlers handlers = {
	.on = { [SPOOL_FILE] = take_spool, [ENQUEUE_DONE] = take_queued },
};

static void
refuse(struct buf *out, const struct fault *why)
{
	if (!put_reply_fault(out, why))
		buf_clear(out);
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.clients = { .accept = talk_open, .refusal = refuse },
	.unlinked = unlinked,
	.site = describe_services,
	.stop = stop,
};

int
main(void)
{
	static struct local local;
	struct role_process *r = role_start(LOCAL, &handlers, &hooks, &local);

	role_sandbox(r);
	return role_run(r);
}
