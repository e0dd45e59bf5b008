#include <string.h>

#include "lib/base/codec.h"
#include "lib/base/must.h"
#include "proc/auth/auth.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

/* The only place that makes a grant (NC-2.1.5).  It lasts as long as a session
 * may: an end before would refuse a user's mail for good, one after it is of use
 * only to who has stolen it. */
static void
make_grant(const struct auth *a, uint64_t session, enum grant_kind kind,
	const struct user *u, struct grant *g)
{
	*g = (struct grant){ .session = session,
		.expires_us = clock_instant().us +
			site_of(a->role)->session_us + GRANT_LAST_US,
		.account = u->account,
		.kind = kind,
		.epoch = u->epoch };
	mac_make(role_secret(a->role, SECRET_GRANT),
		span_at(g, TOKEN_SIGNED(struct grant)), g->mac);
}

/* There is room for those of the account and of DELEGATED_MOST. */
static void
put_address(void *owner, struct span address)
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
		put_address, &b);
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

	make_grant(a, e->head.session, GRANT_SASL, u, &done->grant);
	done->login_len = (uint16_t)login.len;
	memcpy(done->login, login.at, login.len);
	TRY(put_addresses(a, u, done));
	return e->wants_session ? open_session(a, e, u, stream) : OK;
}

/* --- hosts that relay by their address ------------------------------------ */

struct reader {
	const struct users *users;
	const struct user *found;
};

/* The account of the first: it reads what becomes of the mail. */
static void
find_reader(void *owner, struct span address)
{
	struct reader *r = owner;

	if (!r->found)
		r->found = users_by_address(r->users, address);
}

static FALLIBLE
grant_relay(const struct auth *a, const struct head *head, int connection,
	struct relay_granted *m)
{
	struct reader reader = { a->users, NULL };
	struct buf addresses = BUF(m->addresses);
	const struct entry *e;
	uint8_t peer[16];
	struct span name;

	TRY(fd_peer(connection, peer));
	e = addresses_relay(a->addresses, peer, clock_instant());
	if (e && a->users)
		addresses_senders(a->addresses, e, find_reader, &reader);
	if (!reader.found)
		return &fault_relay_denied;
	name = relay_name(e);
	MUST(name.len < sizeof m->name);
	memcpy(m->name, name.at, name.len);
	m->name_len = (uint16_t)name.len;
	addresses_senders(a->addresses, e, put_address, &addresses);
	m->addresses_len = (uint16_t)addresses.len;
	make_grant(a, head->session, GRANT_ADDR, reader.found, &m->grant);
	LOG(EV_RELAY_GRANTED_, head->session, log_text(name),
		log_address(peer));
	return OK;
}

void
login_relay(const struct auth *a, struct channel *c, const struct head *head,
	int connection)
{
	static struct relay_granted m;

	memset(&m, 0, sizeof m);
	m.head = *head;
	m.head.type = RELAY_GRANTED;
	m.fault = fault_number(grant_relay(a, head, connection, &m));
	if (channel_send(c, &m, -1))
		return; /* gone, or does not read: it gives up by itself */
}
