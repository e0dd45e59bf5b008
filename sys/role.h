/* role.h -- the life of a process that is not master.
 *
 *	int
 *	main(void)
 *	{
 *		static struct mx mx;
 *		struct role_process *r = role_start(MX, &handlers, &hooks, &mx);
 *
 *		mx_open(&mx, r);
 *		role_sandbox(r);
 *		return role_run(r);
 *	}
 *
 * Descriptor 3 leads to master.  role_start reads what master hands out
 * until GO; the same messages may come again later (a new link to a
 * restarted peer, new settings, a permit that opened or ended).
 */
#pragma once

#include "lib/conf/site.h"
#include "sys/acceptor.h"
#include "sys/channel.h"
#include "sys/mac.h"

struct role_process;

/* Clients of our permits; members but the first may be NULL. */
struct client_hooks {
	on_accept *accept; /* one that was let in */
	make_place *place;
	/* nobody else now, we have too much to do */
	bool (*busy)(void *owner);
	/* what one reads that is not let in, where no TLS comes first */
	void (*refusal)(struct buf *out, const struct fault *why);
};

/* What a role wants to be told; every member may be NULL. */
struct role_hooks {
	/* the settings are there (site_of), nothing else came yet: make room */
	void (*prepare)(void *owner, struct role_process *r);
	struct client_hooks clients; /* accept NULL: there are none */
	/* a descriptor, taken over */
	void (*file)(void *owner, enum file_purpose purpose, uint32_t number,
		int fd);
	/* a channel to a peer is there, or new after its restart */
	void (*linked)(void *owner, struct channel *c,
		const struct link_given *m);
	void (*unlinked)(void *owner, struct channel *c);
	/* the settings changed; site_of(r) is the new ones */
	void (*site)(void *owner);
	/* start the threads: once, in role_sandbox */
	void (*threads)(void *owner);
	/* imap only */
	void (*session)(void *owner, const struct session_given *s);
	/* stop taking work; call role_stop when what was acknowledged is safe */
	void (*stop)(void *owner);
};

/* Exits the process when master breaks the protocol: there is nobody else to
 * tell.  `handlers` are for messages from all peers but master. */
struct role_process *role_start(enum role self, const struct handlers *handlers,
	const struct role_hooks *hooks, void *owner);

/* Give up every right that trust/roles.c does not list.  Exits with
 * EXIT_SANDBOX when that is not possible and the site is in production;
 * otherwise the missing part is reported by EV_SANDBOX_WEAK. */
void role_sandbox(struct role_process *r);

/* Tell master READY and run; returns the exit code. */
int role_run(struct role_process *r);
void role_stop(struct role_process *r);

struct loop *role_loop(struct role_process *r);

/* The settings in force; the same address for the life of the process, so views
 * into them stay valid over a reload. */
const struct site *site_of(struct role_process *r);

/* Takes connections for hooks->accept, from prepare on. */
struct acceptor *role_acceptor(struct role_process *r);

/* The key that vouches for a token; master gave it, or the process ends. */
const struct mac_key *role_secret(struct role_process *r,
	enum secret_kind kind);

/* The channel to the (first) process of a role; NULL while it is away.
 * Sending to NULL gives ipc_closed. */
struct channel *role_link(struct role_process *r, enum role peer);
struct channel *role_master(struct role_process *r);

/* A number that no other session of this boot has: role, instance, counter. */
uint64_t role_new_session(struct role_process *r);

uint32_t role_pid(void);

enum {
	EXIT_FAULT = 70,   /* EX_SOFTWARE: a fault of ours       */
	EXIT_SANDBOX = 77, /* EX_NOPERM: sandbox not complete    */
	EXIT_SITE = 78,    /* EX_CONFIG: cannot run with this site */
};
