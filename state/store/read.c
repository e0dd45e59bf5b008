/* read.c -- mailboxes and their messages as sessions see them. */
#include "state/store/chunk.h"
#include "state/store/core.h"
#include "sys/fd.h"
#include "sys/memory.h"

/* --- mailboxes ----------------------------------------------------------- */

FALLIBLE
names_count(struct store *s, enum index_table table, uint32_t account, size_t *n)
{
	OWNED(walk_close) struct walk w = { 0 };
	struct table_row row;
	struct key k;

	*n = 0;
	TRY(walk_open(s->tables, table, &w));
	TRY(walk_seek(&w, key_account(&k, account), &row));
	while (span_is_set(key_name_of(row.key, account))) {
		++*n;
		TRY(walk_next(&w, &row));
	}
	return OK;
}

static FALLIBLE
describe(struct store *s, uint32_t account, struct span name, uint32_t mailbox,
	bool subscribed, struct mailbox_row *out)
{
	uint8_t room[MAILBOX_NAME_MAX];
	struct buf child = BUF(room);
	struct box_row row = { 0 };
	uint32_t below;
	bool found = false;

	if (mailbox)
		TRY(box_get(s->tables, (struct box){ account, mailbox }, &row,
			&found));
	TRY(box_below(s->tables, account, name, &child, &below));
	*out = (struct mailbox_row){ .id = mailbox,
		.name.len = (uint8_t)name.len,
		.bits = row.bits | (found ? MAILBOX_EXISTS : 0u) |
			(subscribed ? MAILBOX_SUBSCRIBED : 0u) |
			(child.len > 0 ? MAILBOX_CHILDREN : 0u) };
	memcpy(out->name.octets, name.at, name.len);
	return OK;
}

/* The two sorted lists of names of an account. */
struct names {
	struct walk walk[2]; /* what there is; what is subscribed */
	struct table_row row[2];
};

static void
names_close(struct names *n)
{
	walk_close(&n->walk[0]);
	walk_close(&n->walk[1]);
}

static FALLIBLE
names_open(struct store *s, uint32_t account, struct names *n)
{
	static const enum index_table tables[2] = { TABLE_NAME, TABLE_SUBSCRIBED };
	struct key k;

	for (size_t i = 0; i < 2; i++) {
		TRY(walk_open(s->tables, tables[i], &n->walk[i]));
		TRY(walk_seek(&n->walk[i], key_account(&k, account),
			&n->row[i]));
	}
	return OK;
}

/* The smaller of the two next names; SPAN_NONE at the end. */
static FALLIBLE
names_next(struct names *n, uint32_t account, struct span *name,
	uint32_t *mailbox, bool *subscribed)
{
	struct span a = key_name_of(n->row[0].key, account);
	struct span b = key_name_of(n->row[1].key, account);
	int order = !span_is_set(b) ? -1
		: !span_is_set(a)   ? 1
				    : span_compare(a, b);

	*name = order <= 0 ? a : b;
	*mailbox = 0;
	*subscribed = order >= 0 && span_is_set(b);
	if (!span_is_set(*name))
		return OK;
	if (order <= 0 && n->row[0].value.len == sizeof *mailbox)
		memcpy(mailbox, n->row[0].value.at, sizeof *mailbox);
	if (order <= 0)
		TRY(walk_next(&n->walk[0], &n->row[0]));
	if (order >= 0)
		TRY(walk_next(&n->walk[1], &n->row[1]));
	return OK;
}

static FALLIBLE
list(struct store *s, uint32_t account, struct mailbox_row *rows, size_t cap,
	size_t *count)
{
	OWNED(names_close) struct names n = { 0 };
	struct span name;
	uint32_t mailbox;
	bool subscribed;

	TRY(names_open(s, account, &n));
	for (*count = 0; *count < cap; ++*count) {
		TRY(names_next(&n, account, &name, &mailbox, &subscribed));
		if (!span_is_set(name))
			return OK;
		TRY(describe(s, account, name, mailbox, subscribed,
			&rows[*count]));
	}
	return OK;
}

FALLIBLE
store_list(struct store *s, uint32_t account, struct mailboxes_told *out,
	int *fd)
{
	OWNED(memory_close) struct memory m = MEMORY_CLOSED;
	size_t names, subscribed, cap, count;

	TRY(store_see(s, account));
	TRY(store_fail(s, names_count(s, TABLE_NAME, account, &names)));
	TRY(store_fail(s, names_count(s, TABLE_SUBSCRIBED, account,
		&subscribed)));
	cap = names + subscribed;
	if (cap > MAILBOXES_MAX)
		cap = MAILBOXES_MAX;
	if (names == 0)
		return store_fail(s, &fault_record_damaged);
	TRY(memory_open("mailboxes", cap * sizeof(struct mailbox_row), &m));
	TRY(store_fail(s, list(s, account, (struct mailbox_row *)m.at, cap,
		&count)));
	out->count = (uint32_t)count;
	return memory_seal(&m, count * sizeof(struct mailbox_row), fd);
}

FALLIBLE
store_status(struct store *s, uint32_t account, struct span name,
	struct mailbox_told *out)
{
	struct box_row row;
	struct box b;
	bool found;

	TRY(store_named(s, account, name, &b));
	TRY(store_fail(s, box_get(s->tables, b, &row, &found)));
	if (!found)
		return store_fail(s, &fault_record_damaged);
	out->modseq = row.modseq;
	out->octets = row.octets;
	out->messages = row.messages;
	out->unseen = row.unseen;
	out->uidnext = row.uidnext;
	out->uidvalidity = row.uidvalidity;
	out->mailbox = b.mailbox;
	return OK;
}

/* --- views --------------------------------------------------------------- */

/* Written, not mapped: the pages of a new mapping would be zeroed and entered
 * one by one first, which is most of the time of a large view. */
static FALLIBLE
fill_view(struct store *s, struct box b, const struct box_row *row, int *fd,
	struct view_told *out)
{
	OWNED(fd_close) int memory = -1;
	const struct keyword_name *names;
	size_t rows = row->messages * sizeof(struct view_row), count, keywords;

	TRY(keywords_get(s->tables, b, &names, &keywords));
	out->size = rows + keywords * sizeof *names;
	out->keywords = (uint32_t)keywords;
	*fd = -1;
	if (out->size == 0)
		return OK;
	TRY(fd_memory("view", &memory));
	TRY(chunk_copy_all(s->tables, b, &s->answer, memory, &count));
	if (count != row->messages)
		return &fault_record_damaged;
	TRY(fd_append(memory, span_at(names, keywords * sizeof *names)));
	TRY(fd_seal(memory));
	*fd = fd_give(&memory);
	return OK;
}

FALLIBLE
store_view(struct store *s, struct box b, struct view_told *out, int *fd)
{
	struct box_row row;
	bool found;

	TRY(store_see(s, b.account));
	TRY(store_fail(s, box_get(s->tables, b, &row, &found)));
	if (!found)
		return &fault_mailbox_unknown;
	out->modseq = row.modseq;
	out->mailbox = b.mailbox;
	out->count = row.messages;
	out->uidvalidity = row.uidvalidity;
	out->uidnext = row.uidnext;
	return fill_view(s, b, &row, fd, out);
}

/* --- messages ------------------------------------------------------------ */

static FALLIBLE
put_index(struct store *s, uint32_t account, uint64_t email,
	const struct email_row *e, struct buf *out)
{
	struct buf blob = { out->at + out->len, 0, buf_room(out) };
	struct span v;
	struct key k;

	TRY(table_get(s->tables, TABLE_INDEX, key_email(&k, account, email),
		&v));
	if (!span_is_set(v) || !buf_put(&blob, v))
		return &fault_record_damaged;
	index_shift(&blob, e->prefix_len);
	out->len += blob.len;
	return OK;
}

/* Octets [offset, offset + len) of prefix and body. */
static FALLIBLE
put_octets(struct store *s, const struct email_row *e, uint64_t offset,
	uint64_t len, struct buf *out)
{
	struct place place = { e->place };
	struct span prefix = span_at(e->prefix, e->prefix_len);

	if (buf_room(out) < len)
		return &fault_record_damaged;
	if (offset < prefix.len) {
		span_shift_upto(&prefix, (size_t)offset);
		prefix = span_shift_upto(&prefix, (size_t)len);
		buf_put(out, prefix);
		offset += prefix.len;
		len -= prefix.len;
	}
	if (len == 0)
		return OK;
	TRY(journal_read_body(s->journal, place, offset - e->prefix_len,
		out->at + out->len, (size_t)len));
	out->len += (size_t)len;
	return OK;
}

struct fetching {
	struct store *store;
	uint32_t account;
	enum fetch_what what;
	struct buf *out;
	struct store_fetched *answer;
};

/* How many octets it will be. */
static FALLIBLE
measure(struct fetching *x, uint64_t email, const struct email_row *e,
	uint64_t *len)
{
	struct span v;
	struct key k;

	*len = e->prefix_len + e->size;
	if (x->what == FETCH_MESSAGE)
		return OK;
	TRY(table_get(x->store->tables, TABLE_INDEX,
		key_email(&k, x->account, email), &v));
	*len = v.len;
	return OK;
}

static FALLIBLE
put_fetched(struct fetching *x, uint32_t uid, uint64_t email,
	const struct email_row *e, uint64_t len)
{
	static const uint8_t zeros[8];
	struct fetched head = { uid, (uint32_t)len };
	struct buf *out = x->out;
	bool fits = buf_put(out, span_at(&head, sizeof head));

	if (x->what == FETCH_INDEX)
		TRY(put_index(x->store, x->account, email, e, out));
	else
		TRY(put_octets(x->store, e, 0, len, out));
	fits = fits && buf_put(out, span_at(zeros, -out->len & 7));
	x->answer->count++;
	return fits ? OK : &fault_record_damaged;
}

static const struct fault *
fetch_row(void *arg, struct view_row *row, uint64_t email, enum row_fate *fate)
{
	struct fetching *x = arg;
	struct email_row e;
	uint64_t len, need;
	bool found;

	TRY(email_get(x->store->tables, x->account, email, &e, &found));
	if (!found)
		return &fault_record_damaged;
	TRY(measure(x, email, &e, &len));
	need = sizeof(struct fetched) + ((len + 7) & ~(uint64_t)7);
	if (need > STORE_FETCH_MAX)
		return OK; /* asked for in pieces */
	if (need > buf_room(x->out)) {
		x->answer->next = row->uid;
		*fate = ROW_STOP;
		return OK;
	}
	return put_fetched(x, row->uid, email, &e, len);
}

FALLIBLE
store_fetch(struct store *s, struct box b, enum fetch_what what,
	struct span ranges, struct store_fetched *out, int *fd)
{
	struct head_of *box;
	struct fetching x = { s, b.account, what, &s->answer, out };

	*fd = -1;
	TRY(store_see(s, b.account));
	TRY(store_box(s, b, &box));
	buf_clear(&s->answer);
	out->count = out->next = 0;
	TRY(chunk_visit(s->tables, b, ranges, fetch_row, &x));
	out->size = s->answer.len;
	return out->size ? fd_memory_of("fetch", buf_view(&s->answer), fd) : OK;
}

FALLIBLE
store_piece(struct store *s, struct box b, uint32_t uid, uint64_t offset,
	uint32_t len, struct store_fetched *out, int *fd)
{
	struct email_row e;
	struct view_row row;
	uint64_t email;
	bool found;

	TRY(store_see(s, b.account));
	TRY(chunk_find(s->tables, b, uid, &row, &email, &found));
	if (!found || len == 0 || len > STORE_FETCH_MAX)
		return &fault_imap_gone;
	TRY(email_get(s->tables, b.account, email, &e, &found));
	if (!found)
		return &fault_record_damaged;
	if (offset > e.prefix_len + e.size ||
		len > e.prefix_len + e.size - offset)
		return &fault_imap_gone;
	buf_clear(&s->answer);
	TRY(put_octets(s, &e, offset, len, &s->answer));
	out->size = len;
	out->count = out->next = 0;
	return fd_memory_of("piece", buf_view(&s->answer), fd);
}
