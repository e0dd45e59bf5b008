/* rcpt.c -- where does this address lead? (NC-2.1.6)
 *
 * In this order: an account's address; an alias or group; the same without
 * "+detail" (RFC 5233); postmaster and abuse, which somebody always reads; the
 * domain's catch-all.
 */
#include "lib/base/must.h"
#include "lib/mail/address.h"
#include "proc/auth/auth.h"
#include "sys/clock.h"

/* What is known about a question. */
struct lookup {
	struct auth *auth;
	const struct user *asker; /* whose login sends; NULL: nobody's */
	bool represented;
	uint32_t accounts[TARGETS_WIDE];
	uint32_t count;
};

static void
add(struct lookup *l, const struct user *u)
{
	if (u && l->count < TARGETS_WIDE)
		l->accounts[l->count++] = u->account;
}

/* --- groups -------------------------------------------------------------- */

/* Whose login it is.  The grant says so, not the process that carries it. */
static const struct user *
user_of(const struct auth *a, const struct head *head, const struct grant *g)
{
	const struct user *u;

	if (g->kind != GRANT_SASL || g->session != head->session ||
		g->expires_us <= clock_instant().us ||
		!mac_holds(role_secret(a->role, SECRET_GRANT),
			span_at(g, TOKEN_SIGNED(struct grant)), g->mac))
		return NULL;
	u = users_by_account(a->users, g->account);
	return u && u->epoch == g->epoch ? u : NULL;
}

struct search {
	struct lookup *lookup;
	bool found;
};

static void
find_asker(void *owner, struct span address)
{
	struct search *s = owner;

	s->found |= users_by_address(s->lookup->auth->users, address) ==
		s->lookup->asker;
}

static bool
any_group(void *owner, const struct entry *group)
{
	(void)owner;
	(void)group;
	return true;
}

static bool
leads_to_asker(struct lookup *l, const struct entry *group)
{
	struct search s = { .lookup = l };

	return addresses_expand(l->auth->addresses, group, find_asker,
		       any_group, &s) &&
		s.found;
}

static bool
lists_asker(struct lookup *l, const struct entry *group)
{
	struct search s = { .lookup = l };

	addresses_senders(l->auth->addresses, group, find_asker, &s);
	return s.found;
}

static bool
admit(void *owner, const struct entry *group)
{
	struct lookup *l = owner;

	switch ((enum group_senders)group->senders) {
	case SENDERS_ANYBODY:
		return true;
	case SENDERS_LOGINS:
		return l->asker != NULL;
	case SENDERS_MEMBERS:
		return l->asker && leads_to_asker(l, group);
	case SENDERS_LISTED:
		return l->asker && lists_asker(l, group);
	}
	return false;
}

/* --- addresses ----------------------------------------------------------- */

static void
add_mailbox(void *owner, struct span address)
{
	struct lookup *l = owner;

	add(l, users_by_address(l->auth->users, address));
}

static FALLIBLE
add_entry(struct lookup *l, const struct entry *e)
{
	if (!addresses_expand(l->auth->addresses, e, add_mailbox, admit, l))
		return &fault_group_closed;
	return l->count > 0 ? OK : &fault_mailbox_unknown;
}

/* mailbox_unknown  nothing is called so */
static FALLIBLE
find_exactly(struct lookup *l, struct span canonical)
{
	const struct entry *e;

	add(l, users_by_address(l->auth->users, canonical));
	if (l->count > 0)
		return OK;
	e = addresses_find(l->auth->addresses, canonical);
	return e ? add_entry(l, e) : &fault_mailbox_unknown;
}

/* Without "+detail"; the detail changes nothing about where mail goes. */
static FALLIBLE
find_base(struct lookup *l, struct span local, struct span domain)
{
	uint8_t room[MAILBOX_MAX];
	struct buf base = BUF(room);
	size_t plus;

	span_take(&local, '"'); /* for the detail's sake; the base needs none */
	plus = span_find_octet(local, '+');
	if (plus == 0 || plus == local.len)
		return &fault_mailbox_unknown;
	if (!buf_put(&base, span_at(local.at, plus)) ||
		!buf_push(&base, '@') || !buf_put(&base, domain))
		return &fault_mailbox_unknown;
	return find_exactly(l, buf_view(&base));
}

/* RFC 5321 section 4.5.1 and RFC 2142: somebody reads these, even where no
 * account bears the address: the one that was made first. */
static bool
is_role_address(struct span local)
{
	return span_equals(local, SPAN("postmaster")) ||
		span_equals(local, SPAN("abuse"));
}

static const struct user *
first_enabled(const struct auth *a)
{
	for (size_t i = 0; i < users_count(a->users); i++)
		if (users_at(a->users, i)->state == USER_ENABLED)
			return users_at(a->users, i);
	return NULL;
}

static FALLIBLE
find_catch_all(struct lookup *l, struct span domain)
{
	const struct entry *e = addresses_catch_all(l->auth->addresses, domain,
		clock_instant());

	return e ? add_entry(l, e) : &fault_mailbox_unknown;
}

static FALLIBLE
resolve(struct lookup *l, struct span canonical)
{
	size_t at = canonical.len;
	struct span local, domain;
	const struct fault *f = find_exactly(l, canonical);

	if (f != &fault_mailbox_unknown)
		return f;
	while (canonical.at[at - 1] != '@') /* a quoted local part may have one */
		at--;
	local = span_at(canonical.at, at - 1);
	domain = span_at(canonical.at + at, canonical.len - at);
	f = find_base(l, local, domain);
	if (f == &fault_mailbox_unknown && is_role_address(local)) {
		add(l, first_enabled(l->auth));
		f = l->count > 0 ? OK : f;
	}
	return f == &fault_mailbox_unknown ? find_catch_all(l, domain) : f;
}

static FALLIBLE
put_canonical(struct lookup *l, struct span text, struct buf *out)
{
	const struct site *site = site_of(l->auth->role);
	struct address address;

	if (span_equals_nocase(text, SPAN("postmaster")))
		return buf_put_text(out, "postmaster@") &&
				buf_put(out, SITE_TEXT(site->domains[0].name))
			? OK
			: &fault_address_syntax;
	TRY(address_parse_utf8(text, &address));
	TRY(address_canonical(&address, out));
	l->represented = !address.is_literal &&
		site_represents(site, address_domain(buf_view(out)));
	return OK;
}

static FALLIBLE
find(struct lookup *l, struct span text)
{
	uint8_t room[MAILBOX_MAX + 8];
	struct buf canonical = BUF(room);

	TRY(put_canonical(l, text, &canonical));
	if (!l->represented)
		return OK;
	return l->auth->users ? resolve(l, buf_view(&canonical))
			      : &fault_sys_failed;
}

/* --- answers ------------------------------------------------------------- */

/* As many as it takes; who does not read them gives up by itself. */
static void
answer(struct channel *c, const struct head *head, const struct lookup *l)
{
	static struct rcpt_answer m;
	uint32_t sent = 0;

	do {
		uint32_t n = l->count - sent < RCPT_ACCOUNTS ? l->count - sent
							     : RCPT_ACCOUNTS;

		m = (struct rcpt_answer){ .head = *head,
			.kind = l->represented ? RCPT_LOCAL : RCPT_REMOTE,
			.count = n,
			.more = sent + n < l->count };
		m.head.type = RCPT_ANSWER;
		memcpy(m.accounts, l->accounts + sent,
			n * sizeof m.accounts[0]);
		sent += n;
	} while (!channel_send(c, &m, -1) && sent < l->count);
}

static void
refuse(struct channel *c, const struct head *head, const struct fault *f)
{
	struct rcpt_answer m = { .head = *head, .kind = RCPT_REFUSED,
		.fault = fault_number(f) };

	m.head.type = RCPT_ANSWER;
	if (channel_send(c, &m, -1))
		return; /* gone, or does not read: it gives up by itself */
}

void
rcpt_answer(struct auth *a, struct channel *c, const struct rcpt_check *m)
{
	static struct lookup l;
	const struct fault *f = &fault_ipc_malformed;

	l = (struct lookup){ .auth = a, .represented = true };
	if (a->users)
		l.asker = user_of(a, &m->head, &m->grant);
	if (m->address_len <= sizeof m->address)
		f = find(&l, span_at(m->address, m->address_len));
	if (f)
		refuse(c, &m->head, f);
	else
		answer(c, &m->head, &l);
}
