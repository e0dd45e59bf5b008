/* relay -- SMTP as a client, over connected sockets and nothing else. */
#include <stdlib.h>

#include "lib/base/number.h"
#include "proc/relay/relay.h"
#include "sys/fd.h"
#include "sys/log.h"

#define ARENAS MiB(64)
#define CA_MAX MiB(1)

static void
take_job(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	job_open(owner, message, fd);
}

static void
take_rcpt(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	(void)fd;
	job_add_rcpt(owner, message);
}

static void
take_drop(void *owner, struct channel *c, const void *message, int fd)
{
	const struct plain *m = message;

	(void)c;
	(void)fd;
	job_drop(owner, m->head.session);
}

static void
take_connected(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	connection_open(owner, message, fd);
}

static const struct handlers handlers = {
	.on = {
		[RELAY_JOB] = take_job,
		[RELAY_RCPT] = take_rcpt,
		[RELAY_DROP] = take_drop,
		[DIAL_CONNECTED] = take_connected,
	},
};

static void
prepare(void *owner, struct role_process *process)
{
	struct relay *r = owner;
	void *arenas = pool_storage(ARENAS);

	r->role = process;
	if (!arenas || tls_start() ||
		tls_context_client(false, SPAN_NONE, &r->any) ||
		pool_open(sizeof(struct job), JOBS_MAX, &r->jobs) ||
		pool_open(sizeof(struct connection), CONNECTIONS_MAX,
			&r->connections))
		exit(EXIT_FAULT);
	arena_pool_init(&r->arenas, arenas, ARENAS);
}

/* Whom a required TLS connection may trust.  Without it such mail waits. */
static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	OWNED(fd_close) int file = fd;
	struct relay *r = owner;
	uint8_t *room;
	struct buf pem;

	(void)number;
	if (purpose != FILE_CA)
		return;
	room = malloc(CA_MAX);
	pem = (struct buf){ room, 0, room ? CA_MAX : 0 };
	if (!room || fd_read_whole(file, &pem) ||
		tls_context_client(true, buf_view(&pem), &r->verified))
		LOG(EV_TLS_REFUSED, 0, log_text(SPAN("CA file")));
	free(room);
}

/* Jobs at work are brought to their end; master's patience bounds that. */
static void
stop(void *owner)
{
	struct relay *r = owner;

	r->stopping = true;
	connection_close_idle(r);
	if (pool_used(r->jobs) == 0)
		role_stop(r->role);
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.file = take_file,
	.stop = stop,
};

int
main(void)
{
	static struct relay relay;
	struct role_process *r = role_start(RELAY, &handlers, &hooks, &relay);

	role_sandbox(r);
	return role_run(r);
}
