/* BODY and BODYSTRUCTURE: a walk over the tree without recursion. */
#include "lib/mime/envelope.h"

#include "lib/mime/imap_text.h"

#define TOKEN_MAX_OCTETS 128
#define VALUE_MAX_OCTETS 1024

/* body-fld-param = "(" string SP string *(SP string SP string) ")" / nil */
static bool
put_params(struct buf *b, struct span params)
{
	struct param p;
	bool clean = true, fits = true;
	unsigned n = 0;

	while (fits && n < PARAMS_MAX && param_next(&params, &p, &clean)) {
		fits = buf_push(b, n++ == 0 ? '(' : ' ') &&
			put_string(b, p.name, TEXT_PLAIN, TOKEN_MAX_OCTETS) &&
			buf_push(b, ' ') &&
			put_string(b, p.value, p.quoted
					? TEXT_UNFOLD | TEXT_UNQUOTE
					: TEXT_UNFOLD, VALUE_MAX_OCTETS);
	}
	return fits && (n > 0 ? buf_push(b, ')') : buf_put(b, SPAN("NIL")));
}

/* body-fld-dsp = "(" string SP body-fld-param ")" / nil */
static bool
put_disposition(struct buf *b, struct span value)
{
	struct span name = SPAN_NONE;

	if (span_is_set(value) && skip_cfws(&value))
		name = take_mime_token(&value);
	if (!span_is_set(name))
		return buf_put(b, SPAN("NIL"));
	return buf_push(b, '(') &&
		put_string(b, name, TEXT_PLAIN, TOKEN_MAX_OCTETS) &&
		buf_push(b, ' ') && put_params(b, value) && buf_push(b, ')');
}

static bool
put_field(struct buf *b, struct span value)
{
	if (span_is_set(value))
		value = span_trim(value);
	return buf_push(b, ' ') &&
		put_nstring(b, value, TEXT_UNFOLD, VALUE_MAX_OCTETS);
}

/* SP body-fld-dsp SP body-fld-lang SP body-fld-loc */
static bool
put_extension(struct buf *b, const struct part *p)
{
	return buf_push(b, ' ') && put_disposition(b, p->disposition) &&
		put_field(b, p->language) && put_field(b, p->location);
}

/* body-fld-enc = string; what cannot be read is called BINARY */
static bool
put_encoding(struct buf *b, const struct part *p)
{
	static const struct span name[] = {
		[ENCODING_7BIT] = SPAN("7BIT"),
		[ENCODING_8BIT] = SPAN("8BIT"),
		[ENCODING_BINARY] = SPAN("BINARY"),
		[ENCODING_QP] = SPAN("QUOTED-PRINTABLE"),
		[ENCODING_BASE64] = SPAN("BASE64"),
		[ENCODING_OTHER] = SPAN("BINARY"),
	};

	return put_string(b, name[p->encoding], TEXT_PLAIN, TOKEN_MAX_OCTETS);
}

/* Does the type promise a structure that this leaf does not have? */
static bool
is_opaque(const struct part *p)
{
	return p->kind == PART_LEAF &&
		(span_equals_nocase(p->type.type, SPAN("multipart")) ||
			(span_equals_nocase(p->type.type, SPAN("message")) &&
				span_equals_nocase(p->type.subtype,
					SPAN("rfc822"))));
}

/* media-basic SP body-fields, RFC 3501 section 9 */
static bool
put_basic(struct buf *b, const struct part *p)
{
	bool opaque = is_opaque(p);
	struct span type = opaque ? SPAN("APPLICATION") : p->type.type;
	struct span subtype = opaque ? SPAN("OCTET-STREAM") : p->type.subtype;

	return put_upper(b, type, TOKEN_MAX_OCTETS) && buf_push(b, ' ') &&
		put_upper(b, subtype, TOKEN_MAX_OCTETS) && buf_push(b, ' ') &&
		put_params(b, opaque ? SPAN("") : p->type.params) &&
		put_field(b, p->id) && put_field(b, p->description) &&
		buf_push(b, ' ') && put_encoding(b, p) && buf_push(b, ' ') &&
		buf_put_number(b, p->body_len);
}

struct writer {
	struct buf *b;
	const struct tree *tree;
	struct span message;
	bool extended;
};

/* What stands before the children of a part. */
static bool
enter(struct writer *w, const struct part *p)
{
	struct buf *b = w->b;

	if (!buf_push(b, '('))
		return false;
	if (p->kind == PART_MULTIPART)
		return true;
	if (!put_basic(b, p))
		return false;
	if (p->kind == PART_MESSAGE) {
		const struct part *inner = &w->tree->part[p->first];

		return buf_push(b, ' ') &&
			put_envelope(b, part_header(inner, w->message)) &&
			buf_push(b, ' ');
	}
	if (span_equals_nocase(p->type.type, SPAN("text")))
		return buf_push(b, ' ') && buf_put_number(b, p->lines);
	return true;
}

/* What stands behind them. */
static bool
leave(struct writer *w, const struct part *p)
{
	struct buf *b = w->b;
	bool fits = true;

	if (p->kind == PART_MULTIPART)
		fits = buf_push(b, ' ') &&
			put_upper(b, p->type.subtype, TOKEN_MAX_OCTETS);
	if (p->kind == PART_MESSAGE)
		fits = buf_push(b, ' ') && buf_put_number(b, p->lines);
	if (w->extended && fits) {
		if (p->kind == PART_MULTIPART)
			fits = buf_push(b, ' ') && put_params(b, p->type.params);
		else
			fits = put_field(b, p->md5);
		fits = fits && put_extension(b, p);
	}
	return fits && buf_push(b, ')');
}

/* Leave a part, and every ancestor whose last child it was.  *at becomes the
 * part to enter next, 0 when the whole tree is written. */
static bool
climb(struct writer *w, size_t *at)
{
	const struct part *part = w->tree->part;

	for (;;) {
		if (!leave(w, &part[*at]))
			return false;
		if (*at == 0)
			return true;
		if (part[*at].next) {
			*at = part[*at].next;
			return true;
		}
		*at = part[*at].parent;
	}
}

/* Each part is entered and left once, children between. */
static bool
walk(struct writer *w)
{
	const struct part *part = w->tree->part;
	size_t at = 0;

	do {
		if (!enter(w, &part[at]))
			return false;
		if (part[at].kind != PART_LEAF)
			at = part[at].first;
		else if (!climb(w, &at))
			return false;
	} while (at != 0);
	return true;
}

bool
put_structure(struct buf *b, const struct tree *t, struct span message,
	bool extended)
{
	struct writer w = { b, t, message, extended };
	size_t start = b->len;

	if (walk(&w))
		return true;
	b->len = start;
	return false;
}

bool
put_structure_flat(struct buf *b, size_t body_len)
{
	size_t start = b->len;

	if (buf_put(b, SPAN("(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL"
			    " \"8BIT\" ")) &&
		buf_put_number(b, body_len) && buf_push(b, ')'))
		return true;
	b->len = start;
	return false;
}
