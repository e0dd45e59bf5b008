#include "lib/mime/address_list.h"

#include "lib/mime/content.h"
#include "lib/mime/imap_text.h"

#define NAME_MAX_OCTETS 256 /* of a display name, local part or domain */
#define CLEAN (TEXT_UNFOLD | TEXT_UNQUOTE | TEXT_UNCOMMENT)

/* Octets of one address by what they are; found in one pass. */
struct pieces {
	struct span words;   /* first to last word outside "<>" */
	struct span angle;   /* between "<" and ">"             */
	struct span comment; /* the last one, without "()"      */
	uint8_t end;         /* ',' ':' ';' or 0 for the end    */
};

static void
take_quoted(struct span *in)
{
	span_shift(in);
	while (in->len > 0) {
		uint8_t c = span_shift(in);

		if (c == '"')
			return;
		if (c == '\\' && in->len > 0)
			span_shift(in);
	}
}

static struct span
take_comment(struct span *in)
{
	struct span start = *in, all;

	if (!skip_cfws(in))
		span_shift_upto(in, in->len);
	all = span_trim(span_before(start, *in));
	span_shift(&all);
	if (all.len > 0 && all.at[all.len - 1] == ')')
		all.len--;
	return all;
}

static struct span
take_angle(struct span *in)
{
	struct span start, all;

	span_shift(in);
	start = *in;
	while (in->len > 0 && in->at[0] != '>') {
		if (in->at[0] == '"')
			take_quoted(in);
		else
			span_shift(in);
	}
	all = span_before(start, *in);
	span_take(in, '>');
	return all;
}

static void
take_word(struct span *in)
{
	static const bool plain[256] = {
		['!'] = true, ['#' ... '\''] = true, ['*' ... '+'] = true,
		['-' ... '9'] = true, ['='] = true, ['?' ... 0xff] = true,
	};

	if (in->at[0] == '"')
		take_quoted(in);
	else if (span_skip(in, plain) == 0)
		span_shift(in);
}

static struct pieces
take_pieces(struct span *in, bool in_group)
{
	static const bool white[256] = {
		[' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true,
	};
	struct pieces p = { 0 };

	while (span_skip(in, white), in->len > 0) {
		struct span start = *in;
		uint8_t c = in->at[0];

		if (c == ',' || c == ';' || (c == ':' && !in_group)) {
			p.end = span_shift(in);
			return p;
		}
		if (c == '(') {
			p.comment = take_comment(in);
		} else if (c == '<') {
			p.angle = take_angle(in);
		} else {
			take_word(in);
			if (span_is_set(p.angle))
				continue;
			if (!span_is_set(p.words))
				p.words = start;
			p.words.len = (size_t)(in->at - p.words.at);
		}
	}
	return p;
}

/* addr-spec = local-part "@" domain, cut at the last "@" */
static void
split_address(struct span s, struct address_item *a)
{
	size_t at = s.len;

	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == '@')
			at = i;
	a->mailbox = span_shift_upto(&s, at);
	span_take(&s, '@');
	a->host = s;
}

/* "@a,@b:local@domain" */
static void
split_angle(struct span s, struct address_item *a)
{
	s = span_trim(s);
	a->route = SPAN_NONE;
	if (s.len > 0 && s.at[0] == '@') {
		size_t colon = span_find_octet(s, ':');

		if (colon < s.len) {
			a->route = span_shift_upto(&s, colon);
			span_shift(&s);
		}
	}
	split_address(s, a);
}

static bool
is_nothing(const struct pieces *p)
{
	return !span_is_set(p->words) && !span_is_set(p->angle);
}

bool
address_next(struct span *in, bool *in_group, struct address_item *out)
{
	while (in->len > 0) {
		struct span before = *in;
		struct pieces p = take_pieces(in, *in_group);

		*out = (struct address_item){ .kind = ADDRESS };
		if (p.end == ':') {
			*in_group = true;
			out->kind = GROUP_BEGIN;
			out->mailbox = span_is_set(p.words) ? p.words : SPAN("");
			return true;
		}
		if (is_nothing(&p)) {
			if (p.end != ';' || !*in_group)
				continue;
			*in_group = false;
			out->kind = GROUP_END;
			return true;
		}
		if (p.end == ';') { /* give it back: it ends the group */
			size_t used = before.len - in->len - 1;

			span_shift_upto(&before, used);
			*in = before;
			if (!*in_group)
				span_shift(in);
		}
		if (span_is_set(p.angle)) {
			out->name = span_is_set(p.words) ? p.words : p.comment;
			split_angle(p.angle, out);
		} else {
			out->name = p.comment;
			split_address(p.words, out);
		}
		return true;
	}
	if (!*in_group)
		return false;
	*in_group = false;
	*out = (struct address_item){ .kind = GROUP_END };
	return true;
}

/* address = "(" name SP adl SP mailbox SP host ")" */
static bool
put_address(struct buf *b, const struct address_item *a)
{
	size_t start = b->len;
	struct span host = a->kind == ADDRESS ? a->host : SPAN_NONE;
	unsigned squeeze = a->kind == ADDRESS ? CLEAN | TEXT_SQUEEZE : CLEAN;

	if (buf_push(b, '(') &&
		put_nstring(b, a->name, CLEAN & ~TEXT_UNCOMMENT,
			NAME_MAX_OCTETS) &&
		buf_push(b, ' ') &&
		put_nstring(b, a->route, CLEAN | TEXT_SQUEEZE,
			NAME_MAX_OCTETS) &&
		buf_push(b, ' ') &&
		put_nstring(b, a->mailbox, squeeze, NAME_MAX_OCTETS) &&
		buf_push(b, ' ') &&
		put_nstring(b, host, CLEAN | TEXT_SQUEEZE, NAME_MAX_OCTETS) &&
		buf_push(b, ')'))
		return true;
	b->len = start;
	return false;
}

/* Room that is kept for the end of a group and of the list. */
#define TAIL (sizeof "(NIL NIL NIL NIL))" - 1)

bool
put_address_list(struct buf *b, struct span value)
{
	static const struct address_item end = { .kind = GROUP_END };
	struct address_item a;
	bool in_group = false, open = false;
	size_t n = 0, cap = b->cap;

	if (buf_room(b) < TAIL + 1)
		return buf_put(b, SPAN("NIL"));
	b->cap -= TAIL;
	buf_push(b, '(');
	while (n < ADDRESSES_MAX && address_next(&value, &in_group, &a)) {
		if (!put_address(b, &a))
			break;
		n++;
		open = a.kind == GROUP_BEGIN || (open && a.kind == ADDRESS);
	}
	b->cap = cap;
	if (n == 0) {
		b->len--;
		return buf_put(b, SPAN("NIL"));
	}
	return (!open || put_address(b, &end)) && buf_push(b, ')');
}
