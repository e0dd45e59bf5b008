/* apply_mailbox.c -- accounts and their mailboxes, names and keywords. */
#include "state/store/apply_parts.h"
#include "state/store/flags.h"

static FALLIBLE
add_mailbox(struct tables *t, struct box b, struct span name,
	uint32_t uidvalidity, uint64_t modseq, uint32_t bits)
{
	struct box_row row = { .modseq = modseq,
		.uidvalidity = uidvalidity,
		.uidnext = 1,
		.bits = bits,
		.name_len = (uint32_t)name.len };
	struct key k;
	uint32_t known;
	bool found;

	TRY(box_find(t, b.account, name, &known, &found));
	if (found)
		return &fault_record_damaged;
	memcpy(row.name, name.at, name.len);
	TRY(box_put(t, b, &row));
	return table_put(t, TABLE_NAME, key_name(&k, b.account, name),
		span_at(&b.mailbox, sizeof b.mailbox));
}

FALLIBLE
apply_account(struct tables *t, struct record_at at, const struct record *r)
{
	struct account_row row = { .modseq = 1,
		.next_mailbox = BOX_INBOX + USUAL_MAILBOXES,
		.uidvalidity = r->uidvalidity };
	struct account_row known;
	struct key k;
	bool found;

	(void)at;
	TRY(account_get(t, r->account, &known, &found));
	if (found)
		return &fault_record_damaged;
	for (uint32_t i = 0; i < USUAL_MAILBOXES; i++) {
		struct span name = span_of(usual_mailboxes[i].name);

		TRY(add_mailbox(t, (struct box){ r->account, BOX_INBOX + i },
			name, r->uidvalidity, 1, usual_mailboxes[i].bits));
		TRY(table_put(t, TABLE_SUBSCRIBED,
			key_name(&k, r->account, name), SPAN("")));
	}
	return account_put(t, r->account, &row);
}

FALLIBLE
apply_mailbox(struct tables *t, struct record_at at, const struct record *r)
{
	struct account_row row;
	bool found;

	(void)at;
	TRY(account_get(t, r->account, &row, &found));
	if (!found || r->mailbox < row.next_mailbox)
		return &fault_record_damaged;
	row.next_mailbox = r->mailbox + 1;
	row.uidvalidity = r->uidvalidity;
	row.modseq = r->modseq;
	TRY(account_put(t, r->account, &row));
	return add_mailbox(t, (struct box){ r->account, r->mailbox }, r->name,
		r->uidvalidity, r->modseq, r->bits);
}

static FALLIBLE
rename_one(struct tables *t, uint32_t account, uint32_t mailbox,
	struct span old_name, struct span new_name)
{
	struct box b = { account, mailbox };
	struct box_row row;
	struct key k;
	bool found;

	TRY(box_get(t, b, &row, &found));
	if (!found || new_name.len > MAILBOX_NAME_MAX)
		return &fault_record_damaged;
	TRY(table_remove(t, TABLE_NAME, key_name(&k, account, old_name)));
	row.name_len = (uint32_t)new_name.len;
	memcpy(row.name, new_name.at, new_name.len);
	TRY(box_put(t, b, &row));
	return table_put(t, TABLE_NAME, key_name(&k, account, new_name),
		span_at(&mailbox, sizeof mailbox));
}

FALLIBLE
apply_renamed(struct tables *t, struct record_at at, const struct record *r)
{
	uint8_t old_room[MAILBOX_NAME_MAX], new_room[MAILBOX_NAME_MAX];
	struct buf child = BUF(old_room), to = BUF(new_room);
	uint32_t mailbox;
	bool found;

	(void)at;
	TRY(box_find(t, r->account, r->name, &mailbox, &found));
	if (!found || mailbox == BOX_INBOX)
		return &fault_record_damaged;
	TRY(rename_one(t, r->account, mailbox, r->name, r->new_name));
	for (;;) {
		struct span tail;

		TRY(box_below(t, r->account, r->name, &child, &mailbox));
		if (child.len == 0)
			return OK;
		tail = buf_view(&child);
		span_shift_upto(&tail, r->name.len);
		buf_clear(&to);
		if (!buf_put(&to, r->new_name) || !buf_put(&to, tail))
			return &fault_record_damaged;
		TRY(rename_one(t, r->account, mailbox, buf_view(&child),
			buf_view(&to)));
	}
}

FALLIBLE
apply_subscribed(struct tables *t, struct record_at at, const struct record *r)
{
	struct key k;
	struct span key = key_name(&k, r->account, r->name);

	(void)at;
	return r->bits ? table_put(t, TABLE_SUBSCRIBED, key, SPAN(""))
		       : table_remove(t, TABLE_SUBSCRIBED, key);
}

FALLIBLE
apply_keyword(struct tables *t, struct record_at at, const struct record *r)
{
	struct box b = { r->account, r->mailbox };
	static struct keyword_name names[KEYWORD_BITS]; /* too much for a stack */
	const struct keyword_name *known;
	struct key k;
	size_t n;

	(void)at;
	TRY(keywords_get(t, b, &known, &n));
	if (n >= KEYWORD_BITS)
		return &fault_record_damaged;
	if (n > 0)
		memcpy(names, known, n * sizeof *known);
	names[n] = (struct keyword_name){ .len = (uint8_t)r->name.len };
	memcpy(names[n].octets, r->name.at, r->name.len);
	return table_put(t, TABLE_KEYWORDS, key_box(&k, b),
		span_at(names, (n + 1) * sizeof *names));
}
