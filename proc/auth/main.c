/* auth -- recipients, logins and the grants that follow from them. */
#include <stdlib.h>

#include "proc/auth/auth.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/pool.h"

static void
take_rcpt(void *owner, struct channel *c, const void *message, int fd)
{
	(void)fd;
	rcpt_answer(owner, c, message);
}

static void
take_step(void *owner, struct channel *c, const void *message, int fd)
{
	(void)fd;
	exchange_step(owner, c, message);
}

static void
take_relay(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int connection = fd;

	login_relay(owner, c, message, connection);
}

static void
take_clear(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	(void)fd;
	exchange_burn(owner, message);
}

/* Use another users file; the old one stays in force when it is not sound. */
static FALLIBLE
use_users(struct auth *a, int fd, uint32_t actor)
{
	struct users *fresh;
	const struct fault *f = users_load(fd, &fresh);

	if (f) {
		LOG(EV_USERS_REFUSED, 0, log_text(span_of(f->name)));
		return f;
	}
	audit_users(a->users, fresh, actor);
	users_close(&a->users);
	a->users = fresh;
	compare_forget_all(a);
	epochs_change(a);
	addresses_report(a);
	LOG(EV_USERS_LOADED, 0, log_number(users_count(fresh)));
	return OK;
}

static void
take_users(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int file = fd;
	const struct users_changed *m = message;
	struct ctl_done done = { .head = { .type = CTL_DONE,
					 .serial = m->head.serial } };

	done.fault = fault_number(use_users(owner, file, channel_uid(c)));
	done.count = done.fault == 0;
	if (channel_send(c, &done, -1))
		return;
}

static const struct handlers handlers = {
	.on = {
		[RCPT_CHECK] = take_rcpt,
		[SASL_STEP] = take_step,
		[SASL_IN_CLEAR] = take_clear,
		[RELAY_ASK] = take_relay,
		[USERS_CHANGED] = take_users,
	},
};

static void
prepare(void *owner, struct role_process *r)
{
	struct auth *a = owner;

	a->role = r;
	mac_start();
	if (crypto_start() || sasl_start() || addresses_start(a))
		exit(EXIT_FAULT);
	a->burnt = pool_storage(sizeof *a->burnt);
	if (!a->burnt)
		exit(EXIT_FAULT);
	exchange_start_all(a);
	mac_key_make(&a->proven_key);
}

/* What was burnt while this process was another one. */
static void
use_burnt(struct auth *a, int fd)
{
	fd_close(&a->burnt_file);
	a->burnt_file = fd;
	if (burnt_load(fd, a->burnt))
		LOG(EV_USERS_REFUSED, 0, log_text(SPAN("burnt")));
	if (a->users)
		epochs_change(a);
}

static void
start_threads(void *owner)
{
	if (compare_start_threads(owner))
		exit(EXIT_FAULT);
}

static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	OWNED(fd_close) int file = fd;

	(void)number;
	/* without users nobody logs in and recipients are deferred */
	if (purpose == FILE_USERS && use_users(owner, file, 0))
		return;
	if (purpose == FILE_ADDRESSES)
		addresses_use(owner, file);
	if (purpose == FILE_BURNT)
		use_burnt(owner, fd_give(&file));
}

static void
linked(void *owner, struct channel *c, const struct link_given *m)
{
	(void)m;
	epochs_tell(owner, c);
}

static void
unlinked(void *owner, struct channel *c)
{
	exchange_forget_asker(owner, c);
}

/* master gives the file anew after the settings that name it. */
static void
settings(void *owner)
{
	struct auth *a = owner;

	if (site_of(a->role)->addresses[0] == 0)
		addresses_forget(a);
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.threads = start_threads,
	.file = take_file,
	.site = settings,
	.linked = linked,
	.unlinked = unlinked,
};

int
main(void)
{
	static struct auth auth = { .epochs = -1, .burnt_file = -1 };
	struct role_process *r = role_start(AUTH, &handlers, &hooks, &auth);

	role_sandbox(r);
	return role_run(r);
}
