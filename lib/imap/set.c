#include "lib/imap/set.h"

#include "lib/base/number.h"

/* Insert the range and merge it with those it touches. */
static bool
add_range(struct set_maker *m, struct uid_range r)
{
	size_t first = m->len, last;

	/* clients send ascending sets: look from the end */
	while (first > 0 && m->at[first - 1].last >= r.first - 1)
		first--;
	for (last = first; last < m->len; last++) {
		if (m->at[last].first > r.last && m->at[last].first - 1 > r.last)
			break;
		if (m->at[last].first < r.first)
			r.first = m->at[last].first;
		if (m->at[last].last > r.last)
			r.last = m->at[last].last;
	}
	if (first == last && m->len == m->cap)
		return false;
	memmove(m->at + first + 1, m->at + last,
		(m->len - last) * sizeof m->at[0]);
	m->len = m->len - (last - first) + 1;
	m->at[first] = r;
	return true;
}

/* seq-number = nz-number / "*" */
static bool
take_seq_number(struct span *in, uint32_t star, uint32_t *out)
{
	uint64_t n;

	if (span_take(in, '*')) {
		*out = star;
		return true;
	}
	if (number_take(in, 10, 1, UINT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

/* sequence-set = (seq-number / seq-range) *("," (seq-number / seq-range)) */
FALLIBLE
set_take(struct span *in, uint32_t star, struct set_maker *m)
{
	m->len = 0;
	do {
		struct uid_range r;

		if (!take_seq_number(in, star, &r.first))
			return &fault_imap_syntax;
		r.last = r.first;
		if (span_take(in, ':') && !take_seq_number(in, star, &r.last))
			return &fault_imap_syntax;
		if (r.last < r.first)
			r = (struct uid_range){ r.last, r.first };
		if (!add_range(m, r))
			return &fault_imap_too_big;
	} while (span_take(in, ','));
	return OK;
}

bool
set_to_uids(struct set_maker *m, const struct view *v)
{
	size_t kept = 0;
	bool all = true;

	for (size_t i = 0; i < m->len; i++) {
		struct uid_range r = m->at[i];

		if (r.last > v->len)
			all = false;
		if (r.first > v->len)
			continue;
		if (r.last > v->len)
			r.last = (uint32_t)v->len;
		m->at[kept++] = (struct uid_range){ v->at[r.first - 1].uid,
			v->at[r.last - 1].uid };
	}
	m->len = kept;
	return all;
}

bool
set_has(const struct uid_set *s, uint32_t n)
{
	size_t low = 0, high = s->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->at[mid].last < n)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->len && s->at[low].first <= n;
}

/* The end of the messages with a uid of at most `last`. */
static size_t
view_end(const struct view *v, uint32_t last)
{
	return last == UINT32_MAX ? v->len : view_lower(v, last + 1);
}

size_t
set_count(const struct uid_set *s, const struct view *v)
{
	size_t n = 0;

	for (size_t i = 0; i < s->len; i++)
		n += view_end(v, s->at[i].last) - view_lower(v, s->at[i].first);
	return n;
}

static bool
put_run(struct buf *b, bool comma, uint32_t first, uint32_t last)
{
	return (!comma || buf_push(b, ',')) && buf_put_number(b, first) &&
		(first == last || (buf_push(b, ':') && buf_put_number(b, last)));
}

bool
put_uids_in(struct buf *b, const struct uid_set *s, const struct view *v)
{
	size_t start = b->len;

	for (size_t i = 0; i < s->len; i++) {
		size_t at = view_lower(v, s->at[i].first);
		size_t end = view_end(v, s->at[i].last);

		while (at < end) {
			uint32_t first = v->at[at].uid, last = first;

			while (++at < end && v->at[at].uid == last + 1)
				last++;
			if (!put_run(b, b->len > start, first, last)) {
				b->len = start;
				return false;
			}
		}
	}
	return true;
}
