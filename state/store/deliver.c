/* deliver.c -- messages that come in. */
#include "lib/base/must.h"
#include "state/store/core.h"
#include "state/store/flags.h"

/* --- delivery ------------------------------------------------------------ */

/* Return-Path: RFC 5321 section 4.4.  No scanner sees these lines, so whoever
 * delivers may not add others to them. */
static bool
put_prefix(struct buf *b, struct span sender, struct span address)
{
	return !span_has_control(sender) && !span_has_control(address) &&
		buf_put_text(b, "Return-Path: <") && buf_put(b, sender) &&
		buf_put_text(b, ">\r\nDelivered-To: ") &&
		buf_put(b, address) && buf_put_text(b, "\r\n");
}

static bool
is_named_before(const struct store_rcpt *rcpts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rcpts[i].account == rcpts[n].account)
			return true;
	return false;
}

/* Was it delivered before?  Then the number it got. */
static FALLIBLE
find_dkey(struct store *s, const struct store_rcpt *r, uint64_t *id)
{
	struct span v;
	struct key k;

	*id = 0;
	if (!r->has_dkey)
		return OK;
	TRY(store_see(s, r->account));
	TRY(store_fail(s, table_get(s->tables, TABLE_DKEY,
		key_dkey(&k, r->account, r->dkey), &v)));
	if (v.len == sizeof *id)
		memcpy(id, v.at, sizeof *id);
	return OK;
}

/* Put the next recipient into the record; *count says whether it was. */
static FALLIBLE
plan_rcpt(struct store *s, const struct store_message *m, struct span sender,
	struct store_rcpt *rcpt, uint32_t *count)
{
	uint8_t room[PREFIX_MAX];
	struct buf prefix = BUF(room);
	struct record_rcpt r = { .account = rcpt->account,
		.mailbox = BOX_INBOX,
		.has_dkey = rcpt->has_dkey };
	struct head_of *a, *inbox;

	TRY(store_account_made(s, rcpt->account, &a));
	TRY(store_box(s, (struct box){ r.account, r.mailbox }, &inbox));
	if (!put_prefix(&prefix, sender, rcpt->address))
		return &fault_address_syntax;
	TRY(account_admit(s, a, m->size + prefix.len, 1));
	if (inbox->next == UINT32_MAX)
		return &fault_mailbox_busy;
	memcpy(r.dkey, rcpt->dkey, sizeof r.dkey);
	r.uid = rcpt->uid = inbox->next;
	r.modseq = next_modseq(a);
	r.prefix = buf_view(&prefix);
	TRY(body_add_rcpt(s, &r));
	++*count;
	return OK;
}

/* The record is in the journal: the heads follow it. */
static FALLIBLE
follow_rcpt(struct store *s, const struct record_rcpt *r, uint64_t size,
	uint64_t lsn)
{
	struct head_of *a, *box;

	TRY(store_account(s, r->account, &a));
	TRY(store_box(s, (struct box){ r->account, r->mailbox }, &box));
	box->next = r->uid + 1;
	box->modseq = a->modseq = r->modseq;
	a->octets += size + r->prefix.len;
	a->messages++;
	store_touch(s, a, lsn);
	store_touch(s, box, lsn);
	return OK;
}

/* If a head cannot be had, what would come next could use a uid twice: that is
 * the end of this store. */
static FALLIBLE
follow(struct store *s, uint64_t size, uint64_t lsn)
{
	struct span rest = buf_view(&s->rcpts);
	struct record_rcpt r;

	while (rcpt_take(&rest, &r))
		TRY(store_fail(s, follow_rcpt(s, &r, size, lsn)));
	return OK;
}

static FALLIBLE
plan(struct store *s, const struct store_message *m, struct span sender,
	struct store_rcpt *rcpts, size_t count, uint32_t *planned,
	uint64_t *id)
{
	buf_clear(&s->rcpts);
	*planned = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t known;

		rcpts[i].uid = 0;
		TRY(find_dkey(s, &rcpts[i], &known));
		if (known)
			*id = known;
		else if (!is_named_before(rcpts, i))
			TRY(plan_rcpt(s, m, sender, &rcpts[i], planned));
	}
	return OK;
}

FALLIBLE
store_deliver(struct store *s, const struct store_message *m,
	struct span sender, struct store_rcpt *rcpts, size_t count,
	uint64_t *id)
{
	uint32_t planned;
	uint64_t lsn = 0;

	TRY(body_admit(s, m));
	TRY(plan(s, m, sender, rcpts, count, &planned, &lsn));
	if (planned > 0) {
		TRY(body_write(s, m, planned, &lsn));
		TRY(follow(s, m->size, lsn));
	}
	*id = lsn;
	return OK;
}

/* --- append -------------------------------------------------------------- */

FALLIBLE
store_append(struct store *s, uint32_t account, struct span name,
	const struct store_message *m, uint64_t flags,
	const struct keyword_names *keywords, struct store_added *out)
{
	struct record_rcpt r = { .account = account, .prefix = SPAN("") };
	struct head_of *a, *box;
	struct box b;
	uint64_t lsn, bits;

	TRY(body_admit(s, m));
	TRY(store_named(s, account, name, &b));
	TRY(keyword_bits(s, b, keywords, true, &bits));
	TRY(store_account(s, account, &a));
	TRY(store_box(s, b, &box));
	TRY(account_admit(s, a, m->size, 1));
	if (box->next == UINT32_MAX)
		return &fault_mailbox_busy;
	r.mailbox = b.mailbox;
	r.uid = box->next;
	r.modseq = next_modseq(a);
	r.flags = (flags & BITS_SYSTEM) | bits;
	buf_clear(&s->rcpts);
	TRY(body_add_rcpt(s, &r));
	TRY(body_write(s, m, 1, &lsn));
	TRY(follow(s, m->size, lsn));
	out->uidvalidity = box->uidvalidity;
	out->first = r.uid;
	out->count = 1;
	return OK;
}
