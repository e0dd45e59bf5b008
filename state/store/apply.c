#include "state/store/apply.h"

#include "state/store/chunk.h"
#include "state/store/flags.h"

const struct usual_mailbox usual_mailboxes[USUAL_MAILBOXES] = {
	{ "INBOX", 0 },
	{ "Drafts", MAILBOX_DRAFTS },
	{ "Sent", MAILBOX_SENT },
	{ "Junk", MAILBOX_JUNK },
	{ "Trash", MAILBOX_TRASH },
};

/* What a record changes: an account and one of its mailboxes. */
struct scene {
	struct tables *tables;
	struct box box;
	struct account_row account;
	struct box_row row;
};

static FALLIBLE
scene_open(struct tables *t, struct box b, uint64_t modseq, struct scene *s)
{
	bool known, found;

	*s = (struct scene){ .tables = t, .box = b };
	TRY(account_get(t, b.account, &s->account, &known));
	TRY(box_get(t, b, &s->row, &found));
	if (!known || !found)
		return &fault_record_damaged;
	if (modseq > s->account.modseq)
		s->account.modseq = modseq;
	if (modseq > s->row.modseq)
		s->row.modseq = modseq;
	return OK;
}

static FALLIBLE
scene_close(const struct scene *s)
{
	TRY(account_put(s->tables, s->box.account, &s->account));
	return box_put(s->tables, s->box, &s->row);
}

/* Count a message in or out. */
static void
count_in(struct scene *s, const struct view_row *m)
{
	s->account.messages++;
	s->account.octets += m->size;
	s->row.messages++;
	s->row.octets += m->size;
	s->row.unseen += !(m->flags & BIT_SEEN);
}

static void
count_out(struct scene *s, const struct view_row *m)
{
	s->account.messages--;
	s->account.octets -= m->size;
	s->row.messages--;
	s->row.octets -= m->size;
	s->row.unseen -= !(m->flags & BIT_SEEN);
}

/* --- accounts and mailboxes ---------------------------------------------- */

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

static FALLIBLE
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

static FALLIBLE
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

static FALLIBLE
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

static FALLIBLE
apply_subscribed(struct tables *t, struct record_at at, const struct record *r)
{
	struct key k;
	struct span key = key_name(&k, r->account, r->name);

	(void)at;
	return r->bits ? table_put(t, TABLE_SUBSCRIBED, key, SPAN(""))
		       : table_remove(t, TABLE_SUBSCRIBED, key);
}

static FALLIBLE
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

/* --- messages ------------------------------------------------------------ */

static FALLIBLE
add_email(struct tables *t, struct record_at at, const struct record *r,
	const struct record_rcpt *rcpt)
{
	struct email_row email = { .lsn = at.lsn,
		.place = at.place,
		.size = r->size,
		.refs = 1,
		.prefix_len = (uint32_t)rcpt->prefix.len };
	struct key k;

	memcpy(email.sha256, r->sha256.at, sizeof email.sha256);
	memcpy(email.prefix, rcpt->prefix.at, rcpt->prefix.len);
	TRY(email_put(t, rcpt->account, at.lsn, &email));
	TRY(table_put(t, TABLE_INDEX, key_email(&k, rcpt->account, at.lsn),
		r->index));
	if (!rcpt->has_dkey)
		return OK;
	return table_put(t, TABLE_DKEY, key_dkey(&k, rcpt->account, rcpt->dkey),
		span_at(&at.lsn, sizeof at.lsn));
}

static FALLIBLE
apply_rcpt(struct tables *t, struct record_at at, const struct record *r,
	const struct record_rcpt *rcpt)
{
	struct view_row row = { .uid = rcpt->uid,
		.size = (uint32_t)(r->size + rcpt->prefix.len),
		.flags = rcpt->flags,
		.modseq = rcpt->modseq,
		.idate_us = r->idate_us };
	struct scene s;

	TRY(scene_open(t, (struct box){ rcpt->account, rcpt->mailbox },
		rcpt->modseq, &s));
	if (rcpt->uid < s.row.uidnext || rcpt->uid == UINT32_MAX)
		return &fault_record_damaged;
	s.row.uidnext = rcpt->uid + 1;
	count_in(&s, &row);
	TRY(add_email(t, at, r, rcpt));
	TRY(chunk_append(t, s.box, &row, at.lsn));
	return scene_close(&s);
}

static FALLIBLE
apply_message(struct tables *t, struct record_at at, const struct record *r)
{
	struct span rest = r->rcpts;
	struct record_rcpt rcpt;

	while (rcpt_take(&rest, &rcpt))
		TRY(apply_rcpt(t, at, r, &rcpt));
	return OK;
}

/* One message less is this email; forget it with the last one. */
static FALLIBLE
release_email(struct tables *t, uint32_t account, uint64_t email)
{
	struct email_row row;
	struct key k;
	bool found;

	TRY(email_get(t, account, email, &row, &found));
	if (!found || row.refs == 0)
		return &fault_record_damaged;
	if (--row.refs > 0)
		return email_put(t, account, email, &row);
	TRY(table_remove(t, TABLE_EMAIL, key_email(&k, account, email)));
	return table_remove(t, TABLE_INDEX, key_email(&k, account, email));
}

static FALLIBLE
keep_email(struct tables *t, uint32_t account, uint64_t email)
{
	struct email_row row;
	bool found;

	TRY(email_get(t, account, email, &row, &found));
	if (!found)
		return &fault_record_damaged;
	row.refs++;
	return email_put(t, account, email, &row);
}

struct removal {
	struct scene scene;
	bool all; /* else only what has \Deleted */
};

static const struct fault *
remove_row(void *arg, struct view_row *row, uint64_t email, enum row_fate *fate)
{
	struct removal *x = arg;

	if (!x->all && !(row->flags & BIT_DELETED))
		return OK;
	count_out(&x->scene, row);
	*fate = ROW_CUT;
	return release_email(x->scene.tables, x->scene.box.account, email);
}

static FALLIBLE
apply_expunge(struct tables *t, struct record_at at, const struct record *r)
{
	struct removal x = { .all = r->bits };

	(void)at;
	TRY(scene_open(t, (struct box){ r->account, r->mailbox }, r->modseq,
		&x.scene));
	TRY(chunk_visit(t, x.scene.box, r->ranges, remove_row, &x));
	return scene_close(&x.scene);
}

static FALLIBLE
apply_mailbox_gone(struct tables *t, struct record_at at,
	const struct record *r)
{
	struct box b = { r->account, r->mailbox };
	struct removal x = { .all = true };
	uint8_t room[8];
	struct buf all = BUF(room);
	struct key k;

	(void)at;
	if (r->mailbox == BOX_INBOX ||
		!put_range(&all, (struct uid_span){ 1, UINT32_MAX }))
		return &fault_record_damaged;
	TRY(scene_open(t, b, r->modseq, &x.scene));
	TRY(chunk_visit(t, b, buf_view(&all), remove_row, &x));
	TRY(account_put(t, r->account, &x.scene.account));
	TRY(table_remove(t, TABLE_MAILBOX, key_box(&k, b)));
	TRY(table_remove(t, TABLE_KEYWORDS, key_box(&k, b)));
	return table_remove(t, TABLE_NAME,
		key_name(&k, r->account,
			span_at(x.scene.row.name, x.scene.row.name_len)));
}

struct marking {
	struct scene scene;
	const struct record *record;
};

static uint64_t
marked(uint64_t had, const struct record *r)
{
	switch (r->bits) {
	case FLAGS_ADD:
		return had | r->flags;
	case FLAGS_REMOVE:
		return had & ~r->flags;
	default:
		return r->flags;
	}
}

static const struct fault *
mark_row(void *arg, struct view_row *row, uint64_t email, enum row_fate *fate)
{
	struct marking *x = arg;
	uint64_t flags = marked(row->flags, x->record);

	(void)email;
	if (flags == row->flags)
		return OK;
	x->scene.row.unseen -= !(row->flags & BIT_SEEN);
	x->scene.row.unseen += !(flags & BIT_SEEN);
	row->flags = flags;
	row->modseq = x->record->modseq;
	*fate = ROW_CHANGED;
	return OK;
}

static FALLIBLE
apply_flags(struct tables *t, struct record_at at, const struct record *r)
{
	struct marking x = { .record = r };

	(void)at;
	TRY(scene_open(t, (struct box){ r->account, r->mailbox }, r->modseq,
		&x.scene));
	TRY(chunk_visit(t, x.scene.box, r->ranges, mark_row, &x));
	return scene_close(&x.scene);
}

struct copying {
	const struct record *record;
	struct scene to, from; /* the account is that of `to` */
	uint32_t next;
};

/* The same keywords by the bits of the other mailbox. */
static uint64_t
translate(uint64_t flags, struct span map)
{
	uint64_t out = flags & BITS_SYSTEM;

	for (size_t i = 0; i < map.len; i++)
		if (map.at[i] > 0 && (flags >> (BIT_KEYWORD_0 + i) & 1))
			out |= (uint64_t)1 << (BIT_KEYWORD_0 + map.at[i] - 1);
	return out;
}

static const struct fault *
copy_row(void *arg, struct view_row *row, uint64_t email, enum row_fate *fate)
{
	struct copying *x = arg;
	struct view_row copy = *row;

	if (x->next == UINT32_MAX)
		return &fault_record_damaged;
	copy.uid = x->next++;
	copy.modseq = x->record->modseq;
	copy.flags = translate(row->flags, x->record->keywords);
	TRY(chunk_append(x->to.tables, x->to.box, &copy, email));
	count_in(&x->to, &copy);
	if (!x->record->bits)
		return keep_email(x->to.tables, x->to.box.account, email);
	count_out(&x->from, row);
	x->to.account.messages--;
	x->to.account.octets -= row->size;
	*fate = ROW_CUT;
	return OK;
}

static FALLIBLE
apply_copy(struct tables *t, struct record_at at, const struct record *r)
{
	struct copying x = { .record = r, .next = r->first };
	struct box from = { r->account, r->mailbox };

	(void)at;
	TRY(scene_open(t, from, r->modseq, &x.from));
	TRY(scene_open(t, (struct box){ r->account, r->to }, r->modseq, &x.to));
	if (r->first < x.to.row.uidnext)
		return &fault_record_damaged;
	TRY(chunk_visit(t, from, r->ranges, copy_row, &x));
	x.to.row.uidnext = x.next;
	if (r->bits)
		TRY(box_put(t, from, &x.from.row));
	return scene_close(&x.to);
}

typedef const struct fault *apply(struct tables *t, struct record_at at,
	const struct record *r);

static apply *const applies[RECORDS] = {
	[RECORD_ACCOUNT] = apply_account,
	[RECORD_MESSAGE] = apply_message,
	[RECORD_COPY] = apply_copy,
	[RECORD_FLAGS] = apply_flags,
	[RECORD_EXPUNGE] = apply_expunge,
	[RECORD_MAILBOX] = apply_mailbox,
	[RECORD_MAILBOX_GONE] = apply_mailbox_gone,
	[RECORD_RENAMED] = apply_renamed,
	[RECORD_SUBSCRIBED] = apply_subscribed,
	[RECORD_KEYWORD] = apply_keyword,
};

FALLIBLE
record_apply(struct tables *t, struct record_at at, const struct record *r)
{
	return applies[r->type] ? applies[r->type](t, at, r)
				: &fault_record_unknown;
}
