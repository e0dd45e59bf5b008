/* change.c -- what happens to messages that are there. */
#include "state/store/chunk.h"
#include "state/store/core.h"
#include "state/store/flags.h"

/* What the mailbox can have of the ranges, into s->ranges: a record must mean
 * the same messages whenever it is applied. */
static struct span
clip(struct store *s, struct span ranges, const struct head_of *box)
{
	struct buf out = BUF(s->ranges);
	struct uid_span r;

	while (range_take(&ranges, &r) && r.first < box->next) {
		if (r.last >= box->next)
			r.last = box->next - 1;
		if (!put_range(&out, r))
			break; /* not more than STORE_RANGES come */
	}
	return buf_view(&out);
}

/* Write a record that changes one mailbox and has the next modseq. */
static FALLIBLE
write_change(struct store *s, struct record *r, uint64_t *modseq)
{
	struct box b = { r->account, r->mailbox };
	struct head_of *a, *box;
	uint64_t lsn;

	TRY(store_account(s, b.account, &a));
	TRY(store_box(s, b, &box));
	*modseq = box->modseq;
	if (r->ranges.len == 0)
		return OK;
	r->modseq = next_modseq(a);
	TRY(store_write(s, r, -1, &lsn));
	*modseq = a->modseq = box->modseq = r->modseq;
	store_touch(s, a, lsn);
	store_touch(s, box, lsn);
	return OK;
}

FALLIBLE
store_mark(struct store *s, struct box b, struct span ranges,
	const struct store_marks *marks, uint64_t *modseq)
{
	struct record r = { .type = RECORD_FLAGS,
		.account = b.account,
		.mailbox = b.mailbox,
		.bits = marks->how };
	struct head_of *box;
	uint64_t bits;

	if (marks->how < FLAGS_SET || marks->how > FLAGS_REMOVE)
		return &fault_imap_syntax;
	TRY(store_box(s, b, &box));
	TRY(keyword_bits(s, b, marks->keywords, marks->how != FLAGS_REMOVE,
		&bits));
	TRY(store_box(s, b, &box));
	r.flags = (marks->flags & BITS_SYSTEM) | bits;
	r.ranges = clip(s, ranges, box);
	return write_change(s, &r, modseq);
}

FALLIBLE
store_expunge(struct store *s, struct box b, struct span ranges,
	uint64_t *modseq)
{
	struct record r = { .type = RECORD_EXPUNGE,
		.account = b.account,
		.mailbox = b.mailbox };
	struct head_of *box;

	TRY(store_box(s, b, &box));
	r.ranges = clip(s, ranges, box);
	return write_change(s, &r, modseq);
}

/* --- copy ---------------------------------------------------------------- */

struct survey {
	uint64_t octets, flags; /* of all, and joined */
	uint32_t count;
};

static const struct fault *
survey_row(void *arg, struct view_row *row, uint64_t email, enum row_fate *fate)
{
	struct survey *x = arg;

	(void)email;
	*fate = ROW_SAME;
	x->octets += row->size;
	x->flags |= row->flags;
	x->count++;
	return OK;
}

/* For each bit of the source that is in use, one more than the target's bit of
 * the same keyword; a keyword for which the target has no room is not kept. */
static FALLIBLE
map_keywords(struct store *s, struct box from, struct box to, uint64_t flags,
	uint8_t map[KEYWORD_BITS])
{
	memset(map, 0, KEYWORD_BITS);
	for (size_t i = 0; i < KEYWORD_BITS; i++) {
		const struct keyword_name *at;
		struct keyword_name name;
		const struct fault *f;
		size_t count;
		int bit;

		if (!(flags >> (BIT_KEYWORD_0 + i) & 1))
			continue;
		TRY(store_fail(s, keywords_get(s->tables, from, &at, &count)));
		if (i >= count)
			return store_fail(s, &fault_record_damaged);
		name = at[i];
		f = keyword_bit(s, to, span_at(name.octets, name.len), true,
			&bit);
		if (f && f != &fault_over_quota)
			return f;
		map[i] = f ? 0 : (uint8_t)(bit + 1);
	}
	return OK;
}

static FALLIBLE
write_copy(struct store *s, struct record *r, const struct survey *found,
	struct store_added *out)
{
	struct box from = { r->account, r->mailbox };
	struct head_of *a, *source, *target;
	uint64_t lsn;

	TRY(store_account(s, r->account, &a));
	TRY(store_box(s, from, &source));
	TRY(store_box(s, (struct box){ r->account, r->to }, &target));
	if (!r->bits)
		TRY(account_admit(s, a, found->octets, found->count));
	if (target->next > UINT32_MAX - found->count)
		return &fault_mailbox_busy;
	*out = (struct store_added){ .head = out->head,
		.uidvalidity = target->uidvalidity,
		.first = target->next,
		.count = found->count };
	r->first = target->next;
	r->modseq = next_modseq(a);
	TRY(store_write(s, r, -1, &lsn));
	a->modseq = target->modseq = r->modseq;
	target->next += found->count;
	store_touch(s, a, lsn);
	store_touch(s, target, lsn);
	if (!r->bits) {
		a->octets += found->octets;
		a->messages += found->count;
		return OK;
	}
	source->modseq = r->modseq;
	store_touch(s, source, lsn);
	return OK;
}

FALLIBLE
store_copy(struct store *s, struct box b, struct span ranges, struct span to,
	bool move, struct store_added *out)
{
	uint8_t map[KEYWORD_BITS];
	struct survey found = { 0 };
	struct record r = { .type = RECORD_COPY,
		.account = b.account,
		.mailbox = b.mailbox,
		.bits = move,
		.keywords = span_at(map, sizeof map) };
	struct head_of *box;
	struct box target;

	TRY(store_named(s, b.account, to, &target));
	if (move && target.mailbox == b.mailbox)
		return &fault_imap_name;
	TRY(store_box(s, b, &box));
	r.to = target.mailbox;
	r.ranges = clip(s, ranges, box);
	TRY(store_fail(s, chunk_visit(s->tables, b, r.ranges, survey_row,
		&found)));
	*out = (struct store_added){ .head = out->head };
	if (found.count == 0)
		return OK;
	if (found.count > COPY_MAX)
		return &fault_imap_too_many;
	TRY(map_keywords(s, b, target, found.flags, map));
	return write_copy(s, &r, &found, out);
}
