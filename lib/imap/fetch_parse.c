#include "lib/imap/fetch_parse.h"

#include "lib/base/number.h"
#include "lib/mime/imap_text.h"

static const struct {
	struct span name;
	enum fetch_kind kind;
} plain[] = {
	{ SPAN("FLAGS"), FETCH_FLAGS },
	{ SPAN("INTERNALDATE"), FETCH_INTERNALDATE },
	{ SPAN("RFC822.SIZE"), FETCH_SIZE },
	{ SPAN("UID"), FETCH_UID },
	{ SPAN("ENVELOPE"), FETCH_ENVELOPE },
	{ SPAN("BODY"), FETCH_BODY },
	{ SPAN("BODYSTRUCTURE"), FETCH_BODYSTRUCTURE },
};

/* RFC822 and its like are sections by another name. */
static const struct {
	struct span name;
	const char *text;
	enum section_text what;
	bool marks;
} elders[] = {
	{ SPAN("RFC822"), "RFC822", SECTION_BODY, true },
	{ SPAN("RFC822.HEADER"), "RFC822.HEADER", SECTION_HEADER, false },
	{ SPAN("RFC822.TEXT"), "RFC822.TEXT", SECTION_TEXT, true },
};

static const struct {
	struct span name;
	size_t items;
} macros[] = {
	{ SPAN("FAST"), 3 }, /* FLAGS INTERNALDATE RFC822.SIZE */
	{ SPAN("ALL"), 4 },  /* and ENVELOPE                   */
	{ SPAN("FULL"), 5 }, /* and BODY                       */
};

static const enum fetch_kind macro_items[] = { FETCH_FLAGS, FETCH_INTERNALDATE,
	FETCH_SIZE, FETCH_ENVELOPE, FETCH_BODY };

static struct fetch_item *
add_item(struct fetch_program *p, enum fetch_kind kind)
{
	struct fetch_item *i;

	if (p->items == FETCH_ITEMS)
		return NULL;
	i = &p->item[p->items++];
	*i = (struct fetch_item){ .kind = kind };
	return i;
}

/* Letters, digits and dots: no item needs more. */
static struct span
take_name(struct span *in)
{
	static const bool class[256] = { ['A' ... 'Z'] = true,
		['a' ... 'z'] = true, ['0' ... '9'] = true, ['.'] = true };
	struct span start = *in;

	span_skip(in, class);
	return span_before(start, *in);
}

bool
fetch_name_next(struct span *names, struct span *out)
{
	struct buf none = { 0 };

	return (span_take(names, '(') || take_sp(names)) &&
		take_astring(names, &none, out);
}

/* header-list = "(" header-fld-name *(SP header-fld-name) ")" */
static bool
take_header_list(struct span *in, struct fetch_item *i)
{
	struct span start = *in, name;
	size_t n = 0;

	if (in->len == 0 || in->at[0] != '(')
		return false;
	while (in->len > 0 && in->at[0] != ')') {
		if (!fetch_name_next(in, &name) || name.len == 0)
			return false;
		n++;
	}
	i->names = span_before(start, *in);
	return n > 0 && i->names.len <= FETCH_FIELDS && span_take(in, ')');
}

/* section-part = nz-number *("." nz-number); a dot may follow */
static bool
take_path(struct span *in, struct fetch_item *i)
{
	do {
		uint64_t n;

		if (in->len == 0 || in->at[0] < '0' || in->at[0] > '9')
			return i->depth > 0;
		if (i->depth == TREE_DEPTH ||
			number_take(in, 5, 1, TREE_PARTS, &n))
			return false;
		i->path[i->depth++] = (uint16_t)n;
	} while (span_take(in, '.'));
	return true;
}

/* section-msgtext / "MIME" */
static bool
take_section_text(struct span *in, struct fetch_item *i)
{
	struct span name = take_name(in);

	if (span_equals_nocase(name, SPAN("HEADER"))) {
		i->what = SECTION_HEADER;
	} else if (span_equals_nocase(name, SPAN("TEXT"))) {
		i->what = SECTION_TEXT;
	} else if (span_equals_nocase(name, SPAN("MIME")) && i->depth > 0) {
		i->what = SECTION_MIME;
	} else {
		i->what = SECTION_HEADER;
		i->fields = true;
		i->fields_not = span_equals_nocase(name,
			SPAN("HEADER.FIELDS.NOT"));
		return (i->fields_not ||
			span_equals_nocase(name, SPAN("HEADER.FIELDS"))) &&
			take_sp(in) && take_header_list(in, i);
	}
	return true;
}

/* section = "[" [section-spec] "]" */
static bool
take_section(struct span *in, struct fetch_item *i)
{
	if (!span_take(in, '['))
		return false;
	if (in->len > 0 && in->at[0] >= '0' && in->at[0] <= '9') {
		struct span start = *in, path;

		if (!take_path(in, i))
			return false;
		path = span_before(start, *in);
		if (path.at[path.len - 1] != '.')
			return span_take(in, ']');
		return take_section_text(in, i) && span_take(in, ']');
	}
	if (span_take(in, ']'))
		return true;
	return take_section_text(in, i) && span_take(in, ']');
}

/* ["<" number "." nz-number ">"] */
static bool
take_partial(struct span *in, struct fetch_item *i)
{
	if (!span_take(in, '<'))
		return true;
	i->partial = true;
	return take_number(in, &i->first) && span_take(in, '.') &&
		take_nz_number(in, &i->max) && span_take(in, '>');
}

static FALLIBLE
add_section(struct span *in, bool peek, struct fetch_program *p)
{
	struct fetch_item *i = add_item(p, FETCH_SECTION);

	if (!i)
		return &fault_imap_too_big;
	if (!take_section(in, i) || !take_partial(in, i))
		return &fault_imap_syntax;
	if (!peek)
		p->marks_seen = true;
	return OK;
}

/* fetch-att */
static FALLIBLE
take_item(struct span *in, struct fetch_program *p)
{
	struct span name = take_name(in);
	bool peek = span_equals_nocase(name, SPAN("BODY.PEEK"));

	if (in->len > 0 && in->at[0] == '[' &&
		(peek || span_equals_nocase(name, SPAN("BODY"))))
		return add_section(in, peek, p);
	for (size_t n = 0; n < COUNT_OF(plain); n++)
		if (span_equals_nocase(name, plain[n].name))
			return add_item(p, plain[n].kind) ? OK
				: &fault_imap_too_big;
	for (size_t n = 0; n < COUNT_OF(elders); n++) {
		struct fetch_item *i;

		if (!span_equals_nocase(name, elders[n].name))
			continue;
		i = add_item(p, FETCH_SECTION);
		if (!i)
			return &fault_imap_too_big;
		i->elder = elders[n].text;
		i->what = elders[n].what;
		p->marks_seen |= elders[n].marks;
		return OK;
	}
	return &fault_imap_syntax;
}

static bool
take_macro(struct span in, struct fetch_program *p)
{
	for (size_t n = 0; n < COUNT_OF(macros); n++) {
		if (!span_equals_nocase(in, macros[n].name))
			continue;
		for (size_t i = 0; i < macros[n].items; i++)
			add_item(p, macro_items[i]);
		return true;
	}
	return false;
}

FALLIBLE
fetch_parse(struct span in, struct fetch_program *out)
{
	bool list;

	out->items = 0;
	out->marks_seen = false;
	if (take_macro(in, out))
		return OK;
	list = span_take(&in, '(');
	do
		TRY(take_item(&in, out));
	while (list && take_sp(&in));
	if (list && !span_take(&in, ')'))
		return &fault_imap_syntax;
	return in.len == 0 ? OK : &fault_imap_syntax;
}

static bool
put_names(struct buf *b, const struct fetch_item *i)
{
	struct span names = i->names, name;
	bool fits = true, first = true;

	while (fits && fetch_name_next(&names, &name)) {
		fits = buf_push(b, first ? '(' : ' ');
		first = false;
		fits = fits && (is_atom(name) ? buf_put(b, name)
			: put_string(b, name, TEXT_PLAIN, FETCH_FIELDS));
	}
	return fits && buf_push(b, ')');
}

static bool
put_section(struct buf *b, const struct fetch_item *i)
{
	static const char *const names[] = {
		[SECTION_BODY] = "", [SECTION_HEADER] = "HEADER",
		[SECTION_TEXT] = "TEXT", [SECTION_MIME] = "MIME",
	};
	bool fits = true;

	for (size_t n = 0; fits && n < i->depth; n++)
		fits = (n == 0 || buf_push(b, '.')) &&
			buf_put_number(b, i->path[n]);
	if (i->what == SECTION_BODY)
		return fits;
	fits = fits && (i->depth == 0 || buf_push(b, '.')) &&
		buf_put_text(b, names[i->what]);
	if (!i->fields)
		return fits;
	return fits && buf_put(b, SPAN(".FIELDS")) &&
		(!i->fields_not || buf_put(b, SPAN(".NOT"))) &&
		buf_push(b, ' ') && put_names(b, i);
}

bool
put_fetch_label(struct buf *b, const struct fetch_item *i)
{
	if (i->kind != FETCH_SECTION)
		return buf_put(b, plain[i->kind].name);
	if (i->elder)
		return buf_put_text(b, i->elder);
	return buf_put(b, SPAN("BODY[")) && put_section(b, i) &&
		buf_push(b, ']') &&
		(!i->partial || (buf_push(b, '<') &&
			buf_put_number(b, i->first) && buf_push(b, '>')));
}
