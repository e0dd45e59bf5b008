/* epochs.c -- tell the others what has ended (security rule A6). */
#include <stdlib.h>

#include "lib/base/number.h"
#include "proc/auth/auth.h"
#include "sys/fd.h"

#define AT_ONCE 1024

/* Who holds what a login gave. */
static const enum role holders[] = { QUEUE, STORE, SUBMISSION, LOGIN };

static FALLIBLE
write_all(const struct auth *a, int fd)
{
	const struct users *u = a->users;
	static struct account_epoch some[AT_ONCE];
	size_t n = 0;

	for (size_t i = 0; i < users_count(u); i++) {
		const struct user *user = users_at(u, i);

		/* a burnt one ends before somebody gives it another password */
		some[n++] = (struct account_epoch){ user->account,
			user->epoch + burnt_has(a->burnt, u, user) };
		if (n < AT_ONCE)
			continue;
		TRY(fd_append(fd, span_at(some, sizeof some)));
		n = 0;
	}
	TRY(fd_append(fd, span_at(some, n * sizeof some[0])));
	return fd_seal(fd);
}

static FALLIBLE
write_epochs(struct auth *a)
{
	OWNED(fd_close) int fd = -1;

	TRY(fd_memory("epochs", &fd));
	TRY(write_all(a, fd));
	fd_close(&a->epochs);
	a->epochs = fd_give(&fd);
	return OK;
}

/* What could not be said at once is said when there is room again; whoever is
 * away is told when he is back. */
static void
tell(void *owner, struct channel *c)
{
	struct auth *a = owner;
	struct epochs_given m = { .head = { .type = EPOCHS_GIVEN } };

	m.count = (uint32_t)users_count(a->users);
	m.highest = users_highest(a->users);
	if (channel_send(c, &m, a->epochs) == &fault_ipc_busy)
		channel_on_room(c, tell);
}

void
epochs_tell(struct auth *a, struct channel *only)
{
	for (size_t i = 0; a->users && i < COUNT_OF(holders); i++) {
		struct channel *c = role_link(a->role, holders[i]);

		if (!only || c == only)
			tell(a, c);
	}
}

/* Nobody may go on with what has ended: without a table we begin anew. */
void
epochs_change(struct auth *a)
{
	if (write_epochs(a))
		exit(EXIT_FAULT);
	epochs_tell(a, NULL);
}
