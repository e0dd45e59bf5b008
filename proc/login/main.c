/* login -- IMAP over TLS until the login; then a pipe to the session. */
#include "proc/login/login.h"

#include <stdlib.h>

#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/keys.h"
#include "sys/log.h"
#include "sys/tls_files.h"

static void
take_challenge(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	(void)fd;
	connection_challenge(owner, message);
}

static void
take_done(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	connection_login_done(owner, message, fd);
}

static void
take_epochs(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int table = fd;
	struct login *l = owner;

	(void)c;
	if (epochs_take(&l->epochs, message, table))
		return; /* auth is broken: what it said before holds */
	connection_judge_all(l);
}

static const struct handlers handlers = {
	.on = {
		[SASL_CHALLENGE] = take_challenge,
		[SASL_DONE] = take_done,
		[EPOCHS_GIVEN] = take_epochs,
		[SIGN_ANSWER] = keys_late_answer,
	},
};

static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	OWNED(fd_close) int file = fd;
	struct login *l = owner;

	(void)number;
	if (purpose == FILE_CLIENT_CA)
		tls_files_client_ca(file);
	if (purpose == FILE_CERTIFICATE &&
		tls_files_context(site_of(l->role), file, SPAN("imap"), true,
			&l->tls))
		LOG(EV_TLS_REFUSED, 0, log_text(SPAN("certificate")));
}

static void
linked(void *owner, struct channel *c, const struct link_given *m)
{
	struct login *l = owner;

	(void)m;
	if (channel_peer(c) == KEYS)
		l->keys = c;
}

static void
unlinked(void *owner, struct channel *c)
{
	struct login *l = owner;

	if (l->keys == c)
		l->keys = NULL;
	if (channel_peer(c) == AUTH && !role_link(l->role, AUTH))
		connection_auth_lost(l);
}

static void
stop(void *owner)
{
	struct login *l = owner;

	l->stopping = true;
	acceptor_unlisten_all(role_acceptor(l->role));
	if (pool_used(l->connections) == 0)
		role_stop(l->role);
	connection_stop_all(l);
}

static void
prepare(void *owner, struct role_process *r)
{
	struct login *l = owner;
	const struct site *s = site_of(r);

	l->role = r;
	list_init(&l->strangers);
	if (tls_start() ||
		pool_open(sizeof(struct connection), s->max_sessions,
			&l->connections) ||
		pool_open(sizeof(struct imap_login), LOGIN_WAITING_MAX,
			&l->engines))
		exit(EXIT_FAULT);
	keys_use(keys_over_channel, &l->keys);
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.clients = { .accept = connection_open, .place = connection_make_place },
	.file = take_file,
	.linked = linked,
	.unlinked = unlinked,
	.stop = stop,
};

int
main(void)
{
	static struct login login;
	struct role_process *r = role_start(LOGIN, &handlers, &hooks, &login);

	role_sandbox(r);
	return role_run(r);
}
