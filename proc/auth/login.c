#include <string.h>

#include "lib/base/codec.h"
#include "lib/base/must.h"
#include "proc/auth/auth.h"
#include "sys/clock.h"
#include "sys/fd.h"

/* The only place that makes a grant (NC-2.1.5). */
static void
make_grant(const struct auth *a, const struct exchange *e,
	const struct user *u, struct grant *g)
{
	*g = (struct grant){ .session = e->head.session,
		.expires_us = clock_instant().us + GRANT_US,
		.account = u->account,
		.kind = GRANT_SASL,
		.epoch = u->epoch };
	mac_make(role_secret(a->role, SECRET_GRANT),
		span_at(g, TOKEN_SIGNED(struct grant)), g->mac);
}

/* There is room for those of the account and of DELEGATED_MOST. */
static void
put_delegated(void *owner, struct span address)
{
	MUST(put_block(owner, address));
}

/* NC-2.1.7: what the login may speak as: its own, and what permits give it. */
static FALLIBLE
put_addresses(const struct auth *a, const struct user *u,
	struct sasl_done *done)
{
	struct buf b = BUF(done->addresses);
	struct span address;
	size_t at = 0;

	while (span_is_set(address = user_next_address(u, &at)))
		if (!put_block(&b, address))
			return &fault_sys_failed;
	addresses_delegated(a->addresses, span_of(u->login), clock_instant(),
		put_delegated, &b);
	done->addresses_len = (uint16_t)b.len;
	return OK;
}

/* Master starts the session process; both ends of its stream are made here, so
 * that login cannot have one without a login. */
static FALLIBLE
open_session(struct auth *a, const struct exchange *e, const struct user *u,
	int *stream)
{
	struct session_open m = { .head = { .type = SESSION_OPEN,
					  .session = e->head.session },
		.account = u->account,
		.epoch = u->epoch };
	struct span login = span_of(u->login);
	OWNED(fd_close) int theirs = -1;
	int pair[2];

	TRY(fd_stream_pair(pair));
	*stream = pair[0];
	theirs = pair[1];
	m.login_len = (uint16_t)login.len;
	memcpy(m.login, login.at, login.len);
	return channel_send(role_master(a->role), &m, theirs);
}

FALLIBLE
login_grant(struct auth *a, const struct exchange *e, const struct user *u,
	struct sasl_done *done, int *stream)
{
	struct span login = span_of(u->login);

	make_grant(a, e, u, &done->grant);
	done->login_len = (uint16_t)login.len;
	memcpy(done->login, login.at, login.len);
	TRY(put_addresses(a, u, done));
	return e->wants_session ? open_session(a, e, u, stream) : OK;
}
