/* login.h -- IMAP connections until their login, and the pipe afterwards. */
#pragma once

#include "lib/base/list.h"
#include "lib/imap/login.h"
#include "sys/epochs.h"
#include "sys/pool.h"
#include "sys/role.h"
#include "sys/stream.h"

/* Connections that have not logged in yet, at most: each holds the memory of
 * one imap_login. */
#define LOGIN_WAITING_MAX 1024

struct login {
	struct role_process *role;
	struct tls_context *tls;
	struct channel *keys; /* NULL: away */
	struct pool *connections;    /* of struct connection */
	struct pool *engines;        /* of struct imap_login */
	struct list strangers; /* connections without a login, oldest first */
	struct epochs epochs;
	bool stopping;
};

/* One client. */
struct connection {
	struct list link; /* in strangers */
	struct login *login;
	struct stream *client;
	struct stream *session;    /* to the imap process, after the login */
	struct imap_login *engine; /* until then                           */
	uint64_t id;
	uint32_t slot, engine_slot;
	uint8_t peer[16];
	uint32_t account, epoch; /* of the login */
	bool asking;             /* auth is to answer */
	bool ending;             /* the login ended: nothing more from the client */
};

/* on_accept of the acceptor. */
bool connection_open(void *owner, int fd, int permit, const uint8_t peer[16],
	uint16_t port);

/* make_place of the acceptor: who logs in does so at once, and whoever only
 * holds a place gives way. */
bool connection_make_place(void *owner);

/* What auth answers. */
void connection_challenge(struct login *l, const struct sasl_challenge *m);

/* stream  this end of the session's stream, taken over; -1 unless the login
 *         succeeded */
void connection_login_done(struct login *l, const struct sasl_done *m,
	int stream);

/* auth is away: whoever waits for it is told so. */
void connection_auth_lost(struct login *l);

/* auth says which logins have ended: their sessions do, too. */
void connection_judge_all(struct login *l);

/* Say BYE to those that have not logged in. */
void connection_stop_all(struct login *l);
