/* mailbox.c -- mailboxes made, named and removed, RFC 3501 section 6.3. */
#include "lib/base/must.h"
#include "state/store/core.h"
#include "state/store/names.h"

static FALLIBLE
exists(struct store *s, uint32_t account, struct span name, bool *found)
{
	uint32_t mailbox;

	TRY(store_see(s, account));
	return store_fail(s, box_find(s->tables, account, name, &mailbox,
		found));
}

static FALLIBLE
write_mailbox(struct store *s, uint32_t account, struct span name)
{
	struct record r = { .type = RECORD_MAILBOX,
		.account = account,
		.name = name };
	struct head_of *a;
	uint64_t lsn;

	TRY(store_account(s, account, &a));
	r.mailbox = a->next;
	r.uidvalidity = next_uidvalidity(a);
	r.modseq = next_modseq(a);
	TRY(store_write(s, &r, -1, &lsn));
	a->next++;
	a->uidvalidity = r.uidvalidity;
	a->modseq = r.modseq;
	store_touch(s, a, lsn);
	return OK;
}

/* Make the mailbox and what is missing above it, from the top. */
static FALLIBLE
make(struct store *s, uint32_t account, struct span name)
{
	size_t n;
	bool found;

	TRY(store_see(s, account));
	TRY(store_fail(s, names_count(s, TABLE_NAME, account, &n)));
	for (size_t i = 1; i <= name.len; i++) {
		struct span part = { name.at, i };

		if (i < name.len && name.at[i] != '/')
			continue;
		TRY(exists(s, account, part, &found));
		if (found)
			continue;
		if (n++ >= MAILBOXES_MAX)
			return &fault_over_quota;
		TRY(write_mailbox(s, account, part));
	}
	return OK;
}

FALLIBLE
store_create(struct store *s, uint32_t account, struct span name)
{
	bool found;

	if (!name_is_sound(name))
		return &fault_imap_name;
	TRY(exists(s, account, name, &found));
	return found ? &fault_mailbox_exists : make(s, account, name);
}

FALLIBLE
store_delete(struct store *s, uint32_t account, struct span name)
{
	struct record r = { .type = RECORD_MAILBOX_GONE, .account = account };
	uint8_t room[MAILBOX_NAME_MAX];
	struct buf child = BUF(room);
	struct head_of *a, *box;
	uint32_t below;
	uint64_t lsn;
	struct box b;

	if (!name_is_sound(name) || name_is_inbox(name))
		return &fault_imap_name;
	TRY(store_named(s, account, name, &b));
	TRY(store_fail(s, box_below(s->tables, account, name, &child, &below)));
	if (child.len > 0)
		return &fault_mailbox_busy;
	TRY(store_account(s, account, &a));
	TRY(store_box(s, b, &box));
	r.mailbox = b.mailbox;
	r.modseq = next_modseq(a);
	TRY(store_write(s, &r, -1, &lsn));
	a->modseq = box->modseq = r.modseq;
	box->exists = false;
	store_touch(s, a, lsn);
	store_touch(s, box, lsn);
	return OK;
}

/* Would every name below `name` still be one below `new_name`? */
static FALLIBLE
names_fit(struct store *s, uint32_t account, struct span name,
	struct span new_name)
{
	OWNED(walk_close) struct walk w = { 0 };
	struct table_row row;
	struct key k;
	struct span at;

	if (new_name.len <= name.len)
		return OK;
	TRY(walk_open(s->tables, TABLE_NAME, &w));
	TRY(walk_seek(&w, key_name(&k, account, name), &row));
	for (;;) {
		at = key_name_of(row.key, account);
		if (!span_is_set(at) || !span_starts(at, name))
			return OK;
		if (name_is_below(at, name) &&
			at.len + new_name.len - name.len > MAILBOX_NAME_MAX)
			return &fault_imap_name;
		TRY(walk_next(&w, &row));
	}
}

static FALLIBLE
write_renamed(struct store *s, uint32_t account, struct span name,
	struct span new_name)
{
	struct record r = { .type = RECORD_RENAMED,
		.account = account,
		.name = name,
		.new_name = new_name };
	struct head_of *a;
	uint64_t lsn;

	TRY(store_account(s, account, &a));
	TRY(store_write(s, &r, -1, &lsn));
	store_touch(s, a, lsn);
	return OK;
}

/* INBOX stays; what it holds moves, RFC 3501 section 6.3.5. */
static FALLIBLE
move_inbox(struct store *s, uint32_t account, struct span new_name)
{
	struct store_added added = { 0 };
	uint8_t room[8];
	struct buf all = BUF(room);

	TRY(make(s, account, new_name));
	MUST(put_range(&all, (struct uid_span){ 1, UINT32_MAX }));
	return store_copy(s, (struct box){ account, BOX_INBOX },
		buf_view(&all), new_name, true, &added);
}

FALLIBLE
store_rename(struct store *s, uint32_t account, struct span name,
	struct span new_name)
{
	struct span above = name_parent(new_name);
	bool found;
	struct box b;

	if (!name_is_sound(name) || !name_is_sound(new_name) ||
		name_is_below(new_name, name))
		return &fault_imap_name;
	TRY(store_named(s, account, name, &b));
	TRY(exists(s, account, new_name, &found));
	if (found)
		return &fault_mailbox_exists;
	if (name_is_inbox(name))
		return move_inbox(s, account, new_name);
	TRY(names_fit(s, account, name, new_name));
	if (span_is_set(above))
		TRY(make(s, account, above));
	return write_renamed(s, account, name, new_name);
}

FALLIBLE
store_subscribe(struct store *s, uint32_t account, struct span name, bool on)
{
	struct record r = { .type = RECORD_SUBSCRIBED,
		.account = account,
		.bits = on,
		.name = name };
	struct head_of *a;
	uint64_t lsn;
	size_t n;

	if (!name_is_sound(name))
		return &fault_imap_name;
	TRY(store_see(s, account));
	TRY(store_fail(s, names_count(s, TABLE_SUBSCRIBED, account, &n)));
	if (on && n >= MAILBOXES_MAX)
		return &fault_over_quota;
	TRY(store_account(s, account, &a));
	TRY(store_write(s, &r, -1, &lsn));
	store_touch(s, a, lsn);
	return OK;
}
