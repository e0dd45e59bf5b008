/* check.c -- is everything as the journal says? */
#include "state/store/chunk.h"
#include "state/store/core.h"
#include "state/store/flags.h"
#include "sys/file.h"

#define SECOND_INDEX "index.check"

struct check {
	struct store *store;
	store_report *report;
	void *arg;
	struct store_counts *counts;
};

/* "account 7 mailbox 1: what" */
static void
complain(struct check *x, struct box b, const char *what)
{
	uint8_t room[160];
	struct buf line = BUF(room);

	x->counts->damaged++;
	if (buf_put_text(&line, "account ") && buf_put_number(&line, b.account) &&
		buf_put_text(&line, " mailbox ") &&
		buf_put_number(&line, b.mailbox) && buf_put_text(&line, ": ") &&
		buf_put_text(&line, what))
		x->report(x->arg, buf_view(&line));
}

/* --- mailboxes: counters, order, references ------------------------------ */

struct tally {
	struct check *check;
	struct box box;
	struct box_row row;
	uint64_t octets;
	uint32_t messages, unseen, last;
};

static const struct fault *
tally_row(void *arg, struct view_row *row, uint64_t email, enum row_fate *fate)
{
	struct tally *x = arg;
	struct email_row e;
	bool found;

	*fate = ROW_SAME;
	x->messages++;
	x->octets += row->size;
	x->unseen += !(row->flags & BIT_SEEN);
	if (row->uid <= x->last || row->uid >= x->row.uidnext)
		complain(x->check, x->box, "uids do not ascend");
	if (row->modseq > x->row.modseq)
		complain(x->check, x->box, "a modseq is above the highest");
	x->last = row->uid;
	TRY(email_get(x->check->store->tables, x->box.account, email, &e,
		&found));
	if (!found)
		complain(x->check, x->box, "a message has no octets");
	else if (row->size != e.prefix_len + e.size)
		complain(x->check, x->box, "a size is wrong");
	return OK;
}

static FALLIBLE
check_box(struct check *x, struct box b, struct account_row *sum)
{
	struct tally t = { .check = x, .box = b };
	uint8_t room[8];
	struct buf all = BUF(room);
	bool found;

	TRY(box_get(x->store->tables, b, &t.row, &found));
	if (!found || !put_range(&all, (struct uid_span){ 1, UINT32_MAX }))
		return &fault_record_damaged;
	TRY(chunk_visit(x->store->tables, b, buf_view(&all), tally_row, &t));
	if (t.messages != t.row.messages || t.octets != t.row.octets ||
		t.unseen != t.row.unseen)
		complain(x, b, "counters are wrong");
	x->counts->mailboxes++;
	x->counts->messages += t.messages;
	x->counts->octets += t.octets;
	sum->messages += t.messages;
	sum->octets += t.octets;
	return OK;
}

/* The first row of the table whose key is above `key`, which is changed to that
 * key; len 0 is the beginning and, afterwards, the end. */
static FALLIBLE
next_key(struct tables *t, enum index_table table, struct key *key)
{
	OWNED(walk_close) struct walk w = { 0 };
	struct span from = key->len ? span_at(key->at, key->len) : SPAN("\0");
	struct table_row row;

	TRY(walk_open(t, table, &w));
	TRY(walk_seek(&w, from, &row));
	if (key->len && span_is_set(row.key) && span_equals(row.key, from))
		TRY(walk_next(&w, &row));
	key->len = 0;
	if (!span_is_set(row.key))
		return OK;
	if (row.key.len > sizeof key->at)
		return &fault_record_damaged;
	memcpy(key->at, row.key.at, row.key.len);
	key->len = row.key.len;
	return OK;
}

static uint64_t
number_at(const uint8_t *at, size_t octets)
{
	uint64_t n = 0;

	for (size_t i = 0; i < octets; i++)
		n = n << 8 | at[i];
	return n;
}

static FALLIBLE
check_account_sum(struct check *x, uint32_t account,
	const struct account_row *sum)
{
	struct account_row row;
	bool found;

	TRY(account_get(x->store->tables, account, &row, &found));
	if (!found || row.messages != sum->messages ||
		row.octets != sum->octets)
		complain(x, (struct box){ account, 0 }, "counters are wrong");
	x->counts->accounts++;
	return OK;
}

static FALLIBLE
check_boxes(struct check *x)
{
	struct key key = { .len = 0 };
	struct account_row sum = { 0 };
	uint32_t account = 0;
	bool begun = false;

	for (;;) {
		struct box b;

		TRY(next_key(x->store->tables, TABLE_MAILBOX, &key));
		b.account = (uint32_t)number_at(key.at, 4);
		b.mailbox = (uint32_t)number_at(key.at + 4, 4);
		if (begun && (key.len == 0 || b.account != account)) {
			TRY(check_account_sum(x, account, &sum));
			sum = (struct account_row){ 0 };
		}
		if (key.len == 0)
			return OK;
		begun = true;
		account = b.account;
		TRY(check_box(x, b, &sum));
	}
}

/* --- emails: what the journal has of them -------------------------------- */

static FALLIBLE
check_email(struct check *x, uint32_t account, uint64_t email)
{
	struct store *s = x->store;
	struct email_row e;
	struct record r;
	struct place place;
	uint64_t size;
	size_t len;
	bool found;

	TRY(email_get(s->tables, account, email, &e, &found));
	if (!found)
		return &fault_record_damaged;
	place.n = e.place;
	x->counts->emails++;
	if (journal_verify(s->journal, place) ||
		journal_read_head(s->journal, place, s->room.at, s->room.cap,
			&len, &size) ||
		record_parse(RECORD_MESSAGE, span_at(s->room.at, len), &r))
		complain(x, (struct box){ account, 0 },
			"the octets of a message are damaged");
	else if (size != e.size ||
		!span_equals(r.sha256, span_at(e.sha256, sizeof e.sha256)))
		complain(x, (struct box){ account, 0 },
			"a message points to other octets");
	return OK;
}

static FALLIBLE
check_emails(struct check *x)
{
	struct key key = { .len = 0 };

	for (;;) {
		TRY(next_key(x->store->tables, TABLE_EMAIL, &key));
		if (key.len == 0)
			return OK;
		TRY(check_email(x, (uint32_t)number_at(key.at, 4),
			number_at(key.at + 4, 8)));
	}
}

/* --- the index against the journal --------------------------------------- */

static const struct fault *
apply_again(void *tables, const struct journal_record *r)
{
	struct record record;

	TRY(record_parse(r->type, r->head, &record));
	return record_apply(tables, (struct record_at){ r->lsn, r->place.n },
		&record);
}

static bool
same(const struct table_row *a, const struct table_row *b)
{
	return span_is_set(a->key) == span_is_set(b->key) &&
		(!span_is_set(a->key) || (span_equals(a->key, b->key) &&
						 span_equals(a->value,
							 b->value)));
}

static FALLIBLE
compare_table(struct check *x, struct tables *second, enum index_table table)
{
	OWNED(walk_close) struct walk v = { 0 }, w = { 0 };
	struct table_row a, b;

	TRY(walk_open(x->store->tables, table, &v));
	TRY(walk_open(second, table, &w));
	TRY(walk_seek(&v, SPAN("\0"), &a));
	TRY(walk_seek(&w, SPAN("\0"), &b));
	for (;;) {
		if (!same(&a, &b)) {
			complain(x, (struct box){ 0, 0 },
				"the index is not what the journal says");
			return OK;
		}
		if (!span_is_set(a.key))
			return OK;
		TRY(walk_next(&v, &a));
		TRY(walk_next(&w, &b));
	}
}

static FALLIBLE
compare(struct check *x, struct tables *second)
{
	struct journal_setup setup = { .directory = x->store->setup.directory,
		.segment_size = x->store->setup.segment_size,
		.read_only = true };
	struct journal *again = NULL;

	TRY(tables_clear(second));
	TRY(journal_open(&setup, apply_again, second, &again));
	journal_close(&again);
	for (enum index_table t = TABLE_META + 1; t < TABLES; t++)
		TRY(compare_table(x, second, t));
	return OK;
}

static FALLIBLE
check_index(struct check *x)
{
	int directory = x->store->setup.directory;
	struct tables *second = NULL;
	const struct fault *f;

	TRY(tables_open(directory, SECOND_INDEX, TABLES, &second));
	f = compare(x, second);
	tables_close(&second);
	TRY(f);
	return file_unlink(directory, SECOND_INDEX);
}

FALLIBLE
store_check(struct store *s, store_report *report, void *arg,
	struct store_counts *counts)
{
	struct check x = { s, report, arg, counts };

	*counts = (struct store_counts){ 0 };
	TRY(store_settle(s));
	TRY(check_boxes(&x));
	TRY(check_emails(&x));
	TRY(check_index(&x));
	return counts->damaged ? &fault_record_damaged : OK;
}

/* --- digest -------------------------------------------------------------- */

static uint64_t
mix(uint64_t digest, const void *at, size_t len)
{
	const uint8_t *p = at;

	for (size_t i = 0; i < len; i++)
		digest = (digest ^ p[i]) * 0x100000001b3u;
	return digest;
}

FALLIBLE
store_digest(struct store *s, uint32_t account, uint64_t *out)
{
	static const enum index_table tables[] = { TABLE_ACCOUNT, TABLE_MAILBOX,
		TABLE_NAME, TABLE_SUBSCRIBED, TABLE_KEYWORDS, TABLE_VIEW,
		TABLE_INDEX, TABLE_DKEY };
	uint64_t digest = 0xcbf29ce484222325u;
	struct key k;
	struct span head = key_account(&k, account);

	TRY(store_see(s, account));
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		OWNED(walk_close) struct walk w = { 0 };
		struct table_row row;

		TRY(walk_open(s->tables, tables[i], &w));
		TRY(walk_seek(&w, head, &row));
		while (span_is_set(row.key) && span_starts(row.key, head)) {
			digest = mix(digest, row.key.at, row.key.len);
			digest = mix(digest, row.value.at, row.value.len);
			TRY(walk_next(&w, &row));
		}
	}
	*out = digest;
	return OK;
}
