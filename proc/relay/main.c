/* relay -- SMTP as a client, over connected sockets and nothing else. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
take_authorities(struct relay *r, int file)
{
	uint8_t *room;
	struct buf pem;

	room = malloc(CA_MAX);
	pem = (struct buf){ room, 0, room ? CA_MAX : 0 };
	if (!room || fd_read_whole(file, &pem) ||
		tls_context_client(true, buf_view(&pem), &r->verified))
		LOG(EV_TLS_REFUSED, 0, log_text(SPAN("CA file")));
	free(room);
}

/* RFC 4616: no other identity, the login, the first line of the file. */
static bool
put_login(struct relay *r, struct span file)
{
	struct span password = span_shift_upto(&file,
		span_find_octet(file, '\n'));

	return password.len > 0 && buf_push(&r->login, 0) &&
		buf_put(&r->login, SITE_TEXT(site_of(r->role)->relay_login)) &&
		buf_push(&r->login, 0) && buf_put(&r->login, password);
}

static void
take_password(struct relay *r, int file)
{
	uint8_t room[LOGIN_MAX];
	struct buf text = BUF(room);
	struct stat st;

	r->login = BUF(r->login_storage);
	if (fstat(file, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO)) ||
		fd_read_whole(file, &text) || !put_login(r, buf_view(&text))) {
		buf_clear(&r->login);
		LOG(EV_FILE_UNUSABLE, 0, log_text(SPAN("relay")),
			log_text(SPAN("password-file")),
			log_text(SPAN("others can read it, or it is no line")));
	}
	explicit_bzero(room, sizeof room);
}

static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	OWNED(fd_close) int file = fd;

	(void)number;
	if (purpose == FILE_CA)
		take_authorities(owner, file);
	if (purpose == FILE_PASSWORD)
		take_password(owner, file);
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
