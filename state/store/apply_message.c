/* apply_message.c -- messages that come, change, move and go. */
#include "state/store/apply_parts.h"
#include "state/store/chunk.h"
#include "state/store/flags.h"

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

FALLIBLE
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

FALLIBLE
apply_expunge(struct tables *t, struct record_at at, const struct record *r)
{
	struct removal x = { .all = r->bits };

	(void)at;
	TRY(scene_open(t, (struct box){ r->account, r->mailbox }, r->modseq,
		&x.scene));
	TRY(chunk_visit(t, x.scene.box, r->ranges, remove_row, &x));
	return scene_close(&x.scene);
}

FALLIBLE
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

FALLIBLE
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

FALLIBLE
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
