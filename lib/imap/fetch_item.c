/* One item of one message of a FETCH. */
#include "lib/imap/state.h"

#include "lib/base/must.h"
#include "lib/imap/fields.h"

static const struct fetch_item *
item_now(const struct imap_session *s)
{
	return &s->fetch_program.item[s->fetch.item];
}

static const struct view_entry *
message_now(const struct imap_session *s)
{
	return &s->seen.at[s->fetch.at];
}

/* As the client shall see them: what it reads, it has seen. */
uint64_t
fetch_flags(const struct imap_session *s)
{
	return entry_now(s, s->fetch.at)->flags |
		(s->fetch.marked ? FLAG_SEEN : 0);
}

static void
next_item(struct imap_session *s)
{
	s->fetch.item++;
	s->fetch.spaced = s->fetch.labelled = false;
	s->fetch.offset = s->fetch.left = 0;
	s->fetch.phase = FETCH_ITEM;
}

static void
say_label(struct imap_session *s)
{
	MUST(put_fetch_label(&s->out, item_now(s)));
	say(s, " ");
	s->fetch.labelled = true;
}

/* The item and the size of the literal that follows. */
static void
say_literal(struct imap_session *s, uint64_t len)
{
	say_label(s);
	say(s, "{");
	say_number(s, len);
	say(s, "}\r\n");
}

/* What stands for an item of a message that is gone: legal, and empty. */
static void
say_nothing(struct imap_session *s)
{
	static const char *const nothing[] = {
		[FETCH_ENVELOPE] = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)",
		[FETCH_BODY] = "(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL"
			" \"7BIT\" 0)",
		[FETCH_BODYSTRUCTURE] = "(\"APPLICATION\" \"OCTET-STREAM\" NIL"
			" NIL NIL \"7BIT\" 0)",
		[FETCH_SECTION] = "NIL",
	};

	say_label(s);
	say(s, nothing[item_now(s)->kind]);
	next_item(s);
}

/* The host could not give what an item needs. */
static void
item_failed(struct imap_session *s, const struct fault *f)
{
	if (s->fetch.labelled)
		return imap_bye(s, "Message cannot be read");
	s->fetch.failed = f;
	say_nothing(s);
}

/* Cut the section to the item's "<first.max>". */
static void
cut_partial(const struct fetch_item *i, uint64_t *at, uint64_t *len)
{
	uint64_t first = i->first < *len ? i->first : *len;

	if (!i->partial)
		return;
	*at += first;
	*len = *len - first < i->max ? *len - first : i->max;
}

static void
begin_octets(struct imap_session *s, uint64_t at, uint64_t len)
{
	cut_partial(item_now(s), &at, &len);
	say_literal(s, len);
	s->fetch.offset = at;
	s->fetch.left = len;
	s->fetch.phase = FETCH_OCTETS;
}

/* As much of an ENVELOPE or structure as there is room for. */
static void
say_text(struct imap_session *s, struct span text)
{
	struct span part;

	if (!s->fetch.labelled)
		say_label(s);
	span_shift_upto(&text, (size_t)s->fetch.offset);
	part = span_shift_upto(&text, out_room(s) - STEP_ROOM / 2);
	say_span(s, part);
	s->fetch.offset += part.len;
	if (text.len == 0)
		next_item(s);
}

static void
take_index(struct imap_session *s)
{
	const struct fetch_item *i = item_now(s);
	struct index x;
	uint32_t at, len;
	const struct fault *f = s->got.fault;

	if (!f)
		f = index_open(s->got.octets, &x);
	if (f)
		return item_failed(s, f);
	if (i->kind == FETCH_ENVELOPE)
		return say_text(s, x.envelope);
	if (i->kind == FETCH_BODY)
		return say_text(s, x.body);
	if (i->kind == FETCH_BODYSTRUCTURE)
		return say_text(s, x.structure);
	if (!index_find(&x, i->path, i->depth, i->what, &at, &len) ||
		x.size != message_now(s)->size)
		return say_nothing(s);
	if (!i->fields)
		return begin_octets(s, at, len);
	s->fetch.header_at = at;
	s->fetch.header_len = len < IMAP_PIECE_MAX ? len : IMAP_PIECE_MAX;
	s->fetch.phase = FETCH_FIELDS_OF;
	if (len == 0)
		begin_octets(s, 0, 0);
}

/* HEADER.FIELDS: the host gives the header anew for each piece. */
static void
take_fields(struct imap_session *s)
{
	const struct fetch_item *i = item_now(s);
	struct span header = s->got.octets;
	uint64_t at = 0, len, n;

	if (s->got.fault)
		return item_failed(s, s->got.fault);
	if (!s->fetch.labelled) {
		len = fields_size(header, i);
		cut_partial(i, &at, &len);
		say_literal(s, len);
		s->fetch.offset = at;
		s->fetch.left = len;
	}
	n = out_room(s) - STEP_ROOM / 2;
	if (n > s->fetch.left)
		n = s->fetch.left;
	MUST(put_fields(&s->out, header, i, (size_t)s->fetch.offset,
		(size_t)n));
	s->fetch.offset += n;
	s->fetch.left -= n;
	if (s->fetch.left == 0)
		next_item(s);
}

static void
ask_octets(struct imap_session *s, uint64_t at, uint64_t len)
{
	s->ask.uid = message_now(s)->uid;
	s->ask.offset = at;
	s->ask.len = len;
	ask_host(s, IMAP_ASK_OCTETS, fetch_step);
}

static void
more_octets(struct imap_session *s)
{
	size_t room = out_room(s) - STEP_ROOM / 2;

	if (s->got.fault)
		return item_failed(s, s->got.fault);
	if (s->got.kind == GOT_OCTETS) {
		say_span(s, s->got.octets);
		s->fetch.offset += s->got.octets.len;
		s->fetch.left -= s->got.octets.len;
	} else if (s->fetch.left > 0) {
		return ask_octets(s, s->fetch.offset,
			s->fetch.left < room ? s->fetch.left : room);
	}
	if (s->fetch.left == 0)
		next_item(s);
}

static void
plain_item(struct imap_session *s)
{
	const struct view_entry *e = message_now(s);

	say_label(s);
	switch (item_now(s)->kind) {
	case FETCH_FLAGS:
		say_flags(s, fetch_flags(s));
		break;
	case FETCH_UID:
		say_number(s, e->uid);
		break;
	case FETCH_SIZE:
		say_number(s, e->size);
		break;
	default:
		say(s, "\"");
		MUST(put_date_imap(&s->out,
			(struct instant){ e->idate_us }));
		say(s, "\"");
	}
	next_item(s);
}

/* The whole message, or a place in it that no index is needed for. */
static bool
is_whole(const struct fetch_item *i)
{
	return i->depth == 0 && i->what == SECTION_BODY;
}

static void
one_item(struct imap_session *s)
{
	const struct fetch_item *i;

	if (s->got.kind == GOT_OCTETS || s->got.fault)
		return take_index(s);
	if (s->fetch.item == s->fetch_program.items) {
		say(s, ")\r\n");
		s->fetch.at++;
		s->fetch.phase = FETCH_MESSAGE;
		return;
	}
	if (s->fetch.item > 0 && !s->fetch.spaced)
		say(s, " ");
	s->fetch.spaced = true;
	i = item_now(s);
	if (i->kind < FETCH_ENVELOPE)
		return plain_item(s);
	if (i->kind == FETCH_SECTION && is_whole(i))
		return begin_octets(s, 0, message_now(s)->size);
	s->ask.uid = message_now(s)->uid;
	ask_host(s, IMAP_ASK_INDEX, fetch_step);
}

void
fetch_item_step(struct imap_session *s)
{
	switch (s->fetch.phase) {
	case FETCH_ITEM:
		return one_item(s);
	case FETCH_OCTETS:
		return more_octets(s);
	default:
		if (s->got.kind == GOT_NOTHING)
			return ask_octets(s, s->fetch.header_at,
				s->fetch.header_len);
		return take_fields(s);
	}
}
