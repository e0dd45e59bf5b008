#include "lib/imap/fields.h"

static bool
is_wanted(const struct fetch_item *i, struct span name)
{
	struct span names = i->names, one;

	while (fetch_name_next(&names, &one))
		if (span_equals_nocase(one, name))
			return !i->fields_not;
	return i->fields_not;
}

size_t
fields_size(struct span header, const struct fetch_item *i)
{
	struct header_field f;
	unsigned strays = 0;
	size_t n = 2;

	while (header_next(&header, &f, &strays))
		if (is_wanted(i, f.name))
			n += f.whole.len;
	return n;
}

/* The part of `s` that lies in the window; the window moves past it. */
static bool
put_window(struct buf *b, struct span s, size_t *from, size_t *max)
{
	size_t skip = *from < s.len ? *from : s.len;
	struct span part;

	span_shift_upto(&s, skip);
	*from -= skip;
	part = span_shift_upto(&s, *max);
	*max -= part.len;
	return buf_put(b, part);
}

bool
put_fields(struct buf *b, struct span header, const struct fetch_item *i,
	size_t from, size_t max)
{
	struct header_field f;
	unsigned strays = 0;
	bool fits = true;

	while (fits && max > 0 && header_next(&header, &f, &strays))
		if (is_wanted(i, f.name))
			fits = put_window(b, f.whole, &from, &max);
	return fits && (max == 0 || put_window(b, SPAN("\r\n"), &from, &max));
}
