/* account.c -- accounts and mailboxes as the next record finds them. */
#include "state/store/core.h"
#include "state/store/names.h"
#include "sys/clock.h"

uint64_t
next_modseq(const struct head_of *account)
{
	return account->modseq + 1;
}

/* The time, as RFC 3501 section 2.3.1.1 advises, but always more than the last
 * one, so that a mailbox that comes again under its old name has another. */
uint32_t
next_uidvalidity(const struct head_of *account)
{
	uint32_t now = (uint32_t)(clock_instant().us / SECONDS(1));

	return now > account->uidvalidity ? now : account->uidvalidity + 1;
}

FALLIBLE
store_account(struct store *s, uint32_t account, struct head_of **out)
{
	struct box b = { account, 0 };
	struct account_row row;
	bool found;

	if (s->failed)
		return &fault_storage_failed;
	*out = heads_peek(s->heads, b);
	if (*out)
		return OK;
	TRY(store_fail(s, account_get(s->tables, account, &row, &found)));
	TRY(heads_add(s->heads, b, s->applied, out));
	(*out)->exists = found;
	(*out)->modseq = row.modseq;
	(*out)->octets = row.octets;
	(*out)->messages = row.messages;
	(*out)->next = row.next_mailbox;
	(*out)->uidvalidity = row.uidvalidity;
	return OK;
}

FALLIBLE
account_admit(const struct store *s, const struct head_of *account,
	uint64_t octets, uint64_t messages)
{
	uint64_t most = s->setup.max_mailbox;

	if (octets > most || account->octets > most - octets ||
		account->messages + messages > most / MESSAGE_SHARE)
		return &fault_over_quota;
	return OK;
}

/* Its INBOX too, for a delivery is what comes next. */
static FALLIBLE
make_account(struct store *s, struct head_of *a)
{
	struct record r = { .type = RECORD_ACCOUNT,
		.account = a->box.account,
		.uidvalidity = next_uidvalidity(a) };
	struct head_of *inbox;
	uint64_t lsn;

	TRY(store_write(s, &r, -1, &lsn));
	a->exists = true;
	a->modseq = 1;
	a->next = BOX_INBOX + USUAL_MAILBOXES;
	a->uidvalidity = r.uidvalidity;
	store_touch(s, a, lsn);

	TRY(heads_add(s->heads, (struct box){ r.account, BOX_INBOX },
		s->applied, &inbox));
	inbox->exists = true;
	inbox->modseq = 1;
	inbox->next = 1;
	inbox->uidvalidity = r.uidvalidity;
	store_touch(s, inbox, lsn);
	return OK;
}

FALLIBLE
store_account_made(struct store *s, uint32_t account, struct head_of **out)
{
	TRY(store_account(s, account, out));
	return (*out)->exists ? OK : make_account(s, *out);
}

FALLIBLE
store_see(struct store *s, uint32_t account)
{
	struct head_of *a;

	TRY(store_account_made(s, account, &a));
	return a->lsn > s->applied ? store_settle(s) : OK;
}

FALLIBLE
store_box(struct store *s, struct box b, struct head_of **out)
{
	struct box_row row;
	bool found;

	*out = b.mailbox ? heads_peek(s->heads, b) : NULL;
	if (*out)
		return (*out)->exists ? OK : &fault_mailbox_unknown;
	TRY(store_see(s, b.account));
	TRY(store_fail(s, box_get(s->tables, b, &row, &found)));
	if (!found || b.mailbox == 0)
		return &fault_mailbox_unknown;
	TRY(heads_add(s->heads, b, s->applied, out));
	(*out)->exists = true;
	(*out)->modseq = row.modseq;
	(*out)->next = row.uidnext;
	(*out)->uidvalidity = row.uidvalidity;
	return OK;
}

FALLIBLE
store_named(struct store *s, uint32_t account, struct span name,
	struct box *out)
{
	bool found;

	TRY(store_see(s, account));
	out->account = account;
	TRY(store_fail(s, box_find(s->tables, account, name, &out->mailbox,
		&found)));
	return found ? OK : &fault_mailbox_unknown;
}
