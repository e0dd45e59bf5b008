/* rcpt.c -- is this address a mailbox here? (NC-2.1.6) */
#include "lib/mail/address.h"
#include "proc/auth/auth.h"

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
find(struct auth *a, struct span text, const struct user **out,
	bool *represented)
{
	const struct site *site = site_of(a->role);
	uint8_t room[MAILBOX_MAX + 8];
	struct buf canonical = BUF(room);
	struct span local;
	struct address address;

	*represented = true;
	*out = NULL;
	if (span_equals_nocase(text, SPAN("postmaster"))) {
		local = SPAN("postmaster");
		if (!buf_put_text(&canonical, "postmaster@") ||
			!buf_put(&canonical, SITE_TEXT(site->domains[0].name)))
			return &fault_address_syntax;
	} else {
		TRY(address_parse(text, &address));
		TRY(address_canonical(&address, &canonical));
		*represented = !address.is_literal &&
			site_represents(site, address.domain);
		local = span_at(canonical.at,
			span_find_octet(buf_view(&canonical), '@'));
	}
	if (!*represented || !a->users)
		return OK;
	*out = users_by_address(a->users, buf_view(&canonical));
	if (!*out && is_role_address(local))
		*out = first_enabled(a);
	return OK;
}

void
rcpt_answer(struct auth *a, struct channel *c, const struct rcpt_check *m)
{
	struct rcpt_answer answer = { .head = { .type = RCPT_ANSWER,
					      .serial = m->head.serial,
					      .session = m->head.session },
		.kind = RCPT_REFUSED };
	const struct user *u = NULL;
	bool represented = true;
	const struct fault *f = &fault_ipc_malformed;

	if (m->address_len <= sizeof m->address)
		f = find(a, span_at(m->address, m->address_len), &u,
			&represented);
	if (!f && !a->users)
		f = &fault_sys_failed;
	if (!f && !represented)
		answer.kind = RCPT_REMOTE;
	else if (!f && !u)
		f = &fault_mailbox_unknown;
	if (!f && u) {
		answer.kind = RCPT_LOCAL;
		answer.account = u->account;
	}
	answer.fault = fault_number(f);
	if (channel_send(c, &answer, -1))
		return; /* gone, or does not read: it gives up by itself */
}
