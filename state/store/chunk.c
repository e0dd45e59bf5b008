#include "state/store/chunk.h"

#include "lib/base/must.h"
#include "state/store/record.h"
#include "sys/fd.h"

#define EMAIL_OCTETS sizeof(uint64_t)
#define ROW_OCTETS   sizeof(struct view_row)

/* Is this the key of a chunk of the mailbox?  Then its first uid. */
static bool
is_of(struct span key, struct box b, uint32_t *first)
{
	struct key k;
	struct span head = key_box(&k, b);

	if (!span_is_set(key) || key.len != head.len + 4 ||
		!span_starts(key, head))
		return false;
	key = (struct span){ key.at + head.len, 4 };
	*first = (uint32_t)key.at[0] << 24 | (uint32_t)key.at[1] << 16 |
		(uint32_t)key.at[2] << 8 | key.at[3];
	return true;
}

/* Take over a row of TABLE_VIEW; no row or another mailbox's: count 0. */
static FALLIBLE
load(const struct table_row *row, struct box b, struct chunk *c)
{
	c->count = 0;
	if (!is_of(row->key, b, &c->key))
		return OK;
	if (row->value.len == 0 || row->value.len > sizeof c->row ||
		row->value.len % ROW_OCTETS != 0)
		return &fault_record_damaged;
	memcpy(c->row, row->value.at, row->value.len);
	c->count = (uint32_t)(row->value.len / ROW_OCTETS);
	return OK;
}

static FALLIBLE
load_emails(struct tables *t, struct box b, struct chunk *c)
{
	struct key k;
	struct span v;

	if (c->count == 0)
		return OK;
	TRY(table_get(t, TABLE_EMAILS, key_uid(&k, b, c->key), &v));
	if (v.len != c->count * EMAIL_OCTETS)
		return &fault_record_damaged;
	memcpy(c->email, v.at, v.len);
	return OK;
}

static FALLIBLE
store_rows(struct tables *t, struct box b, const struct chunk *c)
{
	struct key k;

	return table_put(t, TABLE_VIEW, key_uid(&k, b, c->key),
		span_at(c->row, c->count * ROW_OCTETS));
}

static FALLIBLE
store(struct tables *t, struct box b, const struct chunk *c)
{
	struct key k;
	struct span key = key_uid(&k, b, c->key);

	if (c->count == 0) {
		TRY(table_remove(t, TABLE_VIEW, key));
		return table_remove(t, TABLE_EMAILS, key);
	}
	TRY(store_rows(t, b, c));
	return table_put(t, TABLE_EMAILS, key,
		span_at(c->email, c->count * EMAIL_OCTETS));
}

FALLIBLE
chunk_append(struct tables *t, struct box b, const struct view_row *row,
	uint64_t email)
{
	struct chunk c;
	struct table_row last;
	struct key k;

	TRY(table_upto(t, TABLE_VIEW, key_uid(&k, b, UINT32_MAX), &last));
	TRY(load(&last, b, &c));
	if (c.count > 0 && c.row[c.count - 1].uid >= row->uid)
		return &fault_record_damaged;
	TRY(load_emails(t, b, &c));
	if (c.count == 0 || c.count == CHUNK_ROWS) {
		c.key = row->uid;
		c.count = 0;
	}
	c.row[c.count] = *row;
	c.email[c.count++] = email;
	return store(t, b, &c);
}

static FALLIBLE
seek(struct tables *t, struct box b, uint32_t uid, struct chunk *c)
{
	OWNED(walk_close) struct walk w = { 0 };
	struct table_row row;
	struct key k;
	struct span key = key_uid(&k, b, uid);

	TRY(table_upto(t, TABLE_VIEW, key, &row));
	TRY(load(&row, b, c));
	if (c->count > 0 && c->row[c->count - 1].uid >= uid)
		return load_emails(t, b, c);

	/* it ends before: the chunk behind it, whose key is larger */
	TRY(walk_open(t, TABLE_VIEW, &w));
	TRY(walk_seek(&w, key, &row));
	TRY(load(&row, b, c));
	return load_emails(t, b, c);
}

FALLIBLE
chunk_find(struct tables *t, struct box b, uint32_t uid, struct view_row *row,
	uint64_t *email, bool *found)
{
	struct chunk c;

	*found = false;
	TRY(seek(t, b, uid, &c));
	for (size_t i = 0; i < c.count; i++) {
		if (c.row[i].uid != uid)
			continue;
		*row = c.row[i];
		*email = c.email[i];
		*found = true;
	}
	return OK;
}

/* What the visit of one chunk did to it. */
struct work {
	struct chunk c;
	bool changed, cut;
};

static void
cut(struct chunk *c, size_t i)
{
	size_t behind = c->count - i - 1;

	memmove(&c->row[i], &c->row[i + 1], behind * ROW_OCTETS);
	memmove(&c->email[i], &c->email[i + 1], behind * EMAIL_OCTETS);
	c->count--;
}

static FALLIBLE
finish(struct tables *t, struct box b, const struct work *w)
{
	if (w->cut)
		return store(t, b, &w->c);
	return w->changed ? store_rows(t, b, &w->c) : OK;
}

/* Rows of the loaded chunk that were visited before: what `f` added behind them
 * has brought it here again. */
static size_t
count_before(const struct chunk *c, uint32_t uid)
{
	size_t n = 0;

	while (n < c->count && c->row[n].uid < uid)
		n++;
	return n;
}

/* Visit the rows of the loaded chunk from `i` on that are in the ranges.  *range
 * is the first range that may have more of them, behind it `ranges`. */
static FALLIBLE
visit_chunk(struct work *w, size_t i, struct uid_span *range,
	struct span *ranges, on_row *f, void *arg, bool *over)
{

	while (i < w->c.count && !*over) {
		struct view_row *row = &w->c.row[i];
		enum row_fate fate = ROW_SAME;

		if (row->uid > range->last) {
			*over = !range_take(ranges, range);
			continue;
		}
		if (row->uid >= range->first) {
			TRY(f(arg, row, w->c.email[i], &fate));
			w->changed |= fate == ROW_CHANGED;
			w->cut |= fate == ROW_CUT;
			*over = fate == ROW_STOP;
		}
		if (fate == ROW_CUT)
			cut(&w->c, i);
		else
			i++;
	}
	return OK;
}

FALLIBLE
chunk_visit(struct tables *t, struct box b, struct span ranges, on_row *f,
	void *arg)
{
	struct uid_span range;
	bool over = !range_take(&ranges, &range);
	uint32_t from = over ? 0 : range.first;

	while (!over) {
		struct work w = { .changed = false };
		uint32_t last;

		TRY(seek(t, b, from, &w.c));
		if (w.c.count == 0)
			return OK;
		last = w.c.row[w.c.count - 1].uid;
		TRY(visit_chunk(&w, count_before(&w.c, from), &range, &ranges,
			f, arg, &over));
		TRY(finish(t, b, &w));
		if (last == UINT32_MAX)
			return OK;
		from = range.first > last ? range.first : last + 1;
	}
	return OK;
}

/* Its rows go on ascending; *last is the uid before them. */
static bool
ascends(struct span rows, uint32_t *last)
{
	struct view_row first, end;

	if (rows.len == 0 || rows.len % ROW_OCTETS != 0)
		return false;
	memcpy(&first, rows.at, sizeof first);
	memcpy(&end, rows.at + rows.len - ROW_OCTETS, sizeof end);
	if (first.uid <= *last)
		return false;
	*last = end.uid;
	return true;
}

FALLIBLE
chunk_copy_all(struct tables *t, struct box b, struct buf *room, int fd,
	size_t *count)
{
	OWNED(walk_close) struct walk w = { 0 };
	struct table_row row;
	struct key k;
	uint32_t first, last = 0;

	*count = 0;
	buf_clear(room);
	TRY(walk_open(t, TABLE_VIEW, &w));
	TRY(walk_seek(&w, key_uid(&k, b, 0), &row));
	while (is_of(row.key, b, &first)) {
		if (!ascends(row.value, &last))
			return &fault_record_damaged;
		if (buf_room(room) < row.value.len) {
			TRY(fd_append(fd, buf_view(room)));
			buf_clear(room);
		}
		if (!buf_put(room, row.value))
			return &fault_record_damaged;
		*count += row.value.len / ROW_OCTETS;
		TRY(walk_next(&w, &row));
	}
	return fd_append(fd, buf_view(room));
}
