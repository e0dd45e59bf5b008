#include "sys/role.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/must.h"
#include "sys/account.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/hostile.h"
#include "sys/log.h"
#include "sys/sandbox.h"
#include "trust/rights.h"

#define MASTER_FD 3

struct role_process {
	enum role self;
	struct handlers handlers; /* the role's, with our own `gone` */
	on_gone *role_gone;
	struct role_hooks hooks;
	void *owner;
	struct loop *loop;
	struct channel *master, *links[ROLES];
	const struct site *site;
	int netns, root, directory;
	struct door *door;
	on_message *role_limit; /* the role's own answers of the meter */
	struct mac_key secrets[SECRETS];
	bool secret_known[SECRETS];
	int control;
	struct watch *control_watch;
	uint64_t sessions;
	bool going, over;
};

/* There is one role in a process. */
static struct role_process process = { .netns = -1, .root = -1,
	.directory = -1, .control = -1 };

static void
die(void)
{
	_exit(EXIT_FAULT);
}

static void
must(const struct fault *f)
{
	if (f)
		die();
}

static void
link_gone(void *owner, struct channel *c)
{
	struct role_process *r = &process;
	enum role peer = channel_peer(c);

	if (peer == MASTER)
		die();
	if (peer == LOG)
		log_open(NULL);
	if (r->links[peer] == c)
		r->links[peer] = NULL;
	if (peer == METER && r->door) /* nothing else would ever end them */
		door_refuse_all(r->door, &fault_limit_load);
	if (r->hooks.unlinked)
		r->hooks.unlinked(owner, c);
	if (r->role_gone)
		r->role_gone(owner, c);
}

static void
report_forbidden(enum role peer, uint32_t instance, uint32_t type)
{
	struct peer_forbidden m = { .head = { .type = PEER_FORBIDDEN },
		.role = peer,
		.instance = instance,
		.message = type };

	/* A failure to report is a failure of master, which ends us anyway. */
	if (channel_send(process.master, &m, -1))
		die();
}

/* New settings take the place of the old ones in memory, so that views into
 * them (names, limits) stay valid and show what is in force. */
static void
replace_site(struct role_process *r, const void *fresh)
{
	void *there = (void *)(uintptr_t)r->site;

	if (mremap((void *)(uintptr_t)fresh, sizeof *r->site, sizeof *r->site,
		    MREMAP_MAYMOVE | MREMAP_FIXED, there) != there)
		die();
}

static void
take_site(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int owned = fd;
	struct role_process *r = &process;
	const void *at;

	(void)c;
	(void)message;
	must(fd_map_sealed(owned, sizeof *r->site, &at));
	if (!site_is_sound(at))
		die();
	if (r->site) {
		replace_site(r, at);
		if (r->going && r->hooks.site)
			r->hooks.site(owner);
		return;
	}
	r->site = at;
	if (r->hooks.clients.accept)
		must(door_open(r, &r->hooks.clients, owner,
			rights_linked(r->self, METER), &r->door));
	if (r->hooks.prepare)
		r->hooks.prepare(owner, r);
}

static void
take_link(void *owner, struct channel *c, const void *message, int fd)
{
	const struct link_given *m = message;
	struct role_process *r = &process;
	struct channel *peer;

	(void)c;
	if (m->role <= MASTER || m->role >= ROLES)
		die();
	must(channel_open(r->loop, fd, r->self, m->role, m->instance,
		&r->handlers, r->owner, &peer));
	if (m->role == LOG)
		log_open(peer);
	r->links[m->role] = peer;
	if (r->hooks.linked)
		r->hooks.linked(owner, peer, m);
}

/* The operator's command may talk to us when root or the site's operator runs
 * it; whoever else reaches the socket is turned away. */
static void
accept_control(void *arg, unsigned what)
{
	struct role_process *r = arg;
	struct ucred who;
	socklen_t len = sizeof who;
	struct channel *c;
	int fd = accept4(r->control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0 ||
		(who.uid != 0 && who.uid != r->site->operator_uid)) {
		fd_close(&fd);
		return;
	}
	if (channel_open(r->loop, fd, r->self, CTL, 0, &r->handlers, r->owner,
		    &c))
		return;
}

static void
take_listener(void *owner, struct channel *c, const void *message, int fd)
{
	const struct listen_given *m = message;
	struct role_process *r = &process;

	(void)owner;
	(void)c;
	if (m->control) {
		watch_close(&r->control_watch);
		fd_close(&r->control);
		r->control = fd;
		must(watch_open(r->loop, fd, LOOP_READ, accept_control, r,
			&r->control_watch));
	} else if (r->door && m->permit < SITE_LISTENERS) {
		must(acceptor_listen(door_acceptor(r->door), fd, (int)m->permit));
	} else {
		die();
	}
}

static void
take_end(void *owner, struct channel *c, const void *message, int fd)
{
	const struct listen_ended *m = message;

	(void)owner;
	(void)c;
	(void)fd;
	if (!process.door || m->permit >= SITE_LISTENERS)
		die();
	acceptor_unlisten(door_acceptor(process.door), (int)m->permit);
}

static void
take_file(void *owner, struct channel *c, const void *message, int fd)
{
	const struct file_given *m = message;
	struct role_process *r = &process;

	(void)c;
	switch (m->purpose) {
	case FILE_NETNS:
		fd_close(&r->netns);
		r->netns = fd;
		return;
	case FILE_EMPTY_ROOT:
		fd_close(&r->root);
		r->root = fd;
		return;
	case FILE_DIRECTORY:
		fd_close(&r->directory);
		r->directory = dup(fd);
		break;
	default:
		break;
	}
	if (!r->hooks.file)
		die();
	r->hooks.file(owner, m->purpose, m->number, fd);
}

static void
take_secret(void *owner, struct channel *c, const void *message, int fd)
{
	const struct secret_given *m = message;

	(void)owner;
	(void)c;
	(void)fd;
	if (m->kind >= SECRETS)
		die();
	memcpy(process.secrets[m->kind].octets, m->key, sizeof m->key);
	process.secret_known[m->kind] = true;
}

static void
take_session(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	(void)fd;
	if (!process.hooks.session)
		die();
	process.hooks.session(owner, message);
}

static void
take_go(void *owner, struct channel *c, const void *message, int fd)
{
	(void)owner;
	(void)c;
	(void)message;
	(void)fd;
	process.going = true;
	loop_stop(process.loop, 0);
}

/* The meter answers the door, or a session of the role. */
static void
take_limit(void *owner, struct channel *c, const void *message, int fd)
{
	struct role_process *r = &process;

	if (r->door && door_answer(r->door, message))
		return;
	if (r->role_limit)
		r->role_limit(owner, c, message, fd);
}

static void
take_stop(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	(void)message;
	(void)fd;
	if (process.door)
		door_refuse_all(process.door, &fault_session_stopping);
	if (process.hooks.stop)
		process.hooks.stop(owner);
	else
		role_stop(&process);
}

/* Master has no channel to the log but this one. */
static void
take_log_row(void *owner, struct channel *c, const void *message, int fd)
{
	if (!process.handlers.on[LOG_ROW])
		die();
	process.handlers.on[LOG_ROW](owner, c, message, fd);
}

static const struct handlers from_master = {
	.on = {
		[SITE_GIVEN] = take_site,
		[LINK_GIVEN] = take_link,
		[LISTEN_GIVEN] = take_listener,
		[LISTEN_ENDED] = take_end,
		[FILE_GIVEN] = take_file,
		[SECRET_GIVEN] = take_secret,
		[SESSION_GIVEN] = take_session,
		[GO] = take_go,
		[STOP] = take_stop,
		[LOG_ROW] = take_log_row,
	},
	.gone = link_gone,
};

struct role_process *
role_start(enum role self, const struct handlers *handlers,
	const struct role_hooks *hooks, void *owner)
{
	struct role_process *r = &process;
	static const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGTERM,
		SIGUSR1, SIGUSR2, SIGALRM };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		sigaction(ignored[i], &ignore, NULL);
	umask(077);
	r->self = self;
	r->handlers = *handlers;
	r->role_gone = handlers->gone;
	r->handlers.gone = link_gone;
	r->role_limit = handlers->on[LIMIT_ANSWER];
	r->handlers.on[LIMIT_ANSWER] = take_limit;
	r->hooks = *hooks;
	r->owner = owner;
	channel_on_forbidden(report_forbidden);
	must(loop_open(&r->loop));
	must(channel_open(r->loop, MASTER_FD, self, MASTER, 0, &from_master,
		owner, &r->master));
	while (!r->going)
		if (loop_run(r->loop) != 0)
			die();
	if (!r->site)
		die();
	return r;
}

void
role_sandbox(struct role_process *r)
{
	struct sandbox s = { .role = r->self, .netns = r->netns,
		.root = r->root, .directory = r->directory,
		.threads = r->hooks.threads, .owner = r->owner };
	const unsigned fatal = WEAK_UID | WEAK_NETWORK | WEAK_ROOT |
		WEAK_SECCOMP | WEAK_LIMITS;
	unsigned weak;

	if (account_of(r->self, r->site->production, &s.uid))
		_exit(EXIT_SANDBOX);
	weak = sandbox_enter(&s);
	fd_close(&r->netns);
	fd_close(&r->root);
	fd_close(&r->directory);
	if (!weak)
		return;
	LOG(EV_SANDBOX_WEAK, 0, log_text(span_of(role_name(r->self))),
		log_text(span_of(sandbox_weakness(weak))));
	if ((weak & fatal) && r->site->production)
		_exit(EXIT_SANDBOX);
}

int
role_run(struct role_process *r)
{
	struct plain ready = { .head = { .type = READY } };

#ifdef POSTHOLD_HOSTILE
	hostile_try_all(r->self);
#endif
	must(channel_send(r->master, &ready, -1));
	return r->over ? 0 : loop_run(r->loop);
}

void
role_stop(struct role_process *r)
{
	r->over = true;
	loop_stop(r->loop, 0);
}

struct loop *
role_loop(struct role_process *r)
{
	return r->loop;
}

const struct site *
site_of(struct role_process *r)
{
	return r->site;
}

struct acceptor *
role_acceptor(struct role_process *r)
{
	return door_acceptor(r->door);
}

const struct mac_key *
role_secret(struct role_process *r, enum secret_kind kind)
{
	MUST(kind < SECRETS && r->secret_known[kind]);
	return &r->secrets[kind];
}

struct channel *
role_link(struct role_process *r, enum role peer)
{
	MUST(peer < ROLES);
	return r->links[peer];
}

struct channel *
role_master(struct role_process *r)
{
	return r->master;
}

uint64_t
role_new_session(struct role_process *r)
{
	uint64_t role = (uint64_t)r->self << 56;
	uint64_t process_number = ((uint64_t)getpid() & 0xffffff) << 32;

	r->sessions++;
	return role | process_number | (r->sessions & 0xffffffff);
}

uint32_t
role_pid(void)
{
	return (uint32_t)getpid();
}
