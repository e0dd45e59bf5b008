#include "lib/policy/mend.h"

/* A field alone, with a From that is good beside it unless it is one: what
 * sender.h says of that is what it says of the field. */
static bool
is_good(const struct field *f, struct span whole, const struct mend *m)
{
	uint8_t room[1024];
	struct buf alone = BUF(room);
	struct span ignored;

	if (!field_is(f, "From") &&
		!(buf_put_text(&alone, "From: ") && buf_put(&alone, m->sender) &&
			buf_put_text(&alone, "\r\n")))
		return false;
	if (!buf_put(&alone, whole)) /* longer than any address */
		return false;
	return !sender_check_header(buf_view(&alone), &m->rights, &ignored);
}

/* Fields whose addresses sender.h looks at. */
static const char *const names[] = { "From", "Sender", "Resent-From",
	"Resent-Sender", "Reply-To", "Return-Path", "Errors-To",
	"Disposition-Notification-To" };

static bool
names_somebody(const struct field *f)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (field_is(f, names[i]))
			return true;
	return false;
}

struct seen {
	bool from, date, id;
};

static void
note(struct seen *seen, const struct field *f)
{
	seen->from |= field_is(f, "From");
	seen->date |= field_is(f, "Date");
	seen->id |= field_is(f, "Message-ID");
}

/* The last line may have no end; what is put behind it would join it. */
static bool
put_whole(struct buf *out, struct span whole)
{
	return buf_put(out, whole) &&
		(whole.at[whole.len - 1] == '\n' || buf_put_text(out, "\r\n"));
}

static bool
put_field(const struct field *f, struct span whole, const struct mend *m,
	struct seen *seen, struct buf *out, struct span *aside)
{
	bool second = field_is(f, "From") && seen->from;
	bool stands = m->refuse || !names_somebody(f) ||
		(!second && is_good(f, whole, m));

	if (stands) {
		note(seen, f);
		return put_whole(out, whole);
	}
	if (!span_is_set(*aside))
		*aside = f->name;
	return buf_put_text(out, "X-Original-") && put_whole(out, whole);
}

static FALLIBLE
put_fields(struct span header, const struct mend *m, struct seen *seen,
	struct buf *out, struct span *aside)
{
	struct span rest = header, before;
	struct field f;
	bool over;

	for (;;) {
		before = rest;
		TRY(field_next(&rest, &f, &over));
		if (over)
			return OK;
		if (!put_field(&f, span_before(before, rest), m, seen, out,
			    aside))
			return &fault_header_limit;
	}
}

static bool
put_one(struct buf *out, bool there, const char *name, struct span value,
	const char *end)
{
	return there ||
		(buf_put_text(out, name) && buf_put(out, value) &&
			buf_put_text(out, end));
}

FALLIBLE
mend_header(struct span header, const struct mend *m, struct buf *out,
	struct span *field)
{
	size_t start = out->len;
	struct span fault_at, aside = SPAN_NONE;
	struct seen seen = { 0 };
	const struct fault *f;

	*field = SPAN_NONE;
	TRY(put_fields(header, m, &seen, out, &aside));
	if (!put_one(out, seen.from, "From: ", m->sender, "\r\n") ||
		!put_one(out, seen.date, "Date: ", m->date, "\r\n") ||
		!put_one(out, seen.id, "Message-ID: <", m->id, ">\r\n"))
		return &fault_header_limit;
	f = sender_check_header(span_at(out->at + start, out->len - start),
		&m->rights, &fault_at);
	*field = f ? fault_at : aside;
	return f;
}
