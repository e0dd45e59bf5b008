#include "lib/mime/imap_text.h"

#include "lib/base/number.h"

/* Yields the octets of a value as its mode wants them. */
struct reading {
	struct span in;
	unsigned mode;
	size_t left;    /* octets that may still come out */
	size_t comment; /* depth */
	bool quoted;
};

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Is this octet only structure in this mode?  Keeps track of it. */
static bool
is_structure(struct reading *r, uint8_t c)
{
	if ((r->mode & TEXT_UNCOMMENT) && !r->quoted) {
		if (c == '(')
			r->comment++;
		else if (c == ')' && r->comment > 0)
			return r->comment--, true;
		if (r->comment > 0)
			return true;
	}
	if ((r->mode & TEXT_UNQUOTE) && c == '"') {
		r->quoted = !r->quoted;
		return true;
	}
	if ((r->mode & TEXT_SQUEEZE) && !r->quoted && is_blank(c))
		return true;
	return (r->mode & TEXT_UNFOLD) && (c == '\r' || c == '\n');
}

static bool
next_octet(struct reading *r, uint8_t *c)
{
	while (r->in.len > 0 && r->left > 0) {
		bool pair = false;

		*c = span_shift(&r->in);
		if (*c == '\\' && (r->mode & TEXT_UNQUOTE) && r->in.len > 0) {
			*c = span_shift(&r->in);
			pair = *c != '\r' && *c != '\n';
		}
		if (pair ? r->comment > 0 : is_structure(r, *c))
			continue;
		if (*c == 0)
			*c = '?';
		r->left--;
		return true;
	}
	return false;
}

/* What the octets need: their number, and whether quotes can hold them.
 * QUOTED-CHAR is 7-bit without CR and LF; control characters go the safe way
 * too. */
static bool
fits_quotes(struct reading r, size_t *octets)
{
	bool fits = true;
	uint8_t c;

	*octets = 0;
	while (next_octet(&r, &c)) {
		++*octets;
		if (c < ' ' ? c != '\t' : c > '~')
			fits = false;
	}
	return fits;
}

static bool
put_quoted(struct buf *b, struct reading r)
{
	bool fits = buf_push(b, '"');
	uint8_t c;

	while (fits && next_octet(&r, &c)) {
		if (c == '"' || c == '\\')
			fits = buf_push(b, '\\');
		fits = fits && buf_push(b, c);
	}
	return fits && buf_push(b, '"');
}

static bool
put_literal(struct buf *b, struct reading r, size_t octets)
{
	bool fits = buf_push(b, '{') && buf_put_number(b, octets) &&
		buf_put(b, SPAN("}\r\n"));
	uint8_t c;

	while (fits && next_octet(&r, &c))
		fits = buf_push(b, c);
	return fits;
}

bool
put_string(struct buf *b, struct span s, unsigned mode, size_t max)
{
	struct reading r = { .in = s, .mode = mode, .left = max };
	size_t start = b->len, octets;

	if (fits_quotes(r, &octets) ? put_quoted(b, r)
				    : put_literal(b, r, octets))
		return true;
	b->len = start;
	return false;
}

bool
put_nstring(struct buf *b, struct span s, unsigned mode, size_t max)
{
	return span_is_set(s) ? put_string(b, s, mode, max)
			      : buf_put(b, SPAN("NIL"));
}

bool
put_upper(struct buf *b, struct span s, size_t max)
{
	size_t start = b->len;

	if (!put_string(b, s, TEXT_PLAIN, max))
		return false;
	for (size_t i = start; i < b->len; i++)
		b->at[i] = octet_upper(b->at[i]);
	return true;
}

static bool
take_quoted(struct span *in, struct span *inner)
{
	struct span start = *in;

	while (in->len > 0) {
		uint8_t c = span_shift(in);

		if (c == '"') {
			*inner = span_before(start, *in);
			inner->len--;
			return true;
		}
		if (c == '\r' || c == '\n' || c == 0 || c >= 0x80)
			return false;
		if (c != '\\')
			continue;
		if (in->len == 0 || (in->at[0] != '"' && in->at[0] != '\\'))
			return false;
		span_shift(in);
	}
	return false;
}

static bool
take_literal(struct span *in, struct span *inner)
{
	uint64_t n;

	if (number_take(in, 10, 0, UINT32_MAX, &n) ||
		!span_starts(*in, SPAN("}\r\n")) || in->len - 3 < n)
		return false;
	span_shift_upto(in, 3);
	*inner = span_shift_upto(in, (size_t)n);
	return !memchr(inner->at, 0, inner->len);
}

bool
take_nstring(struct span *in, struct span *inner)
{
	if (span_take(in, '"'))
		return take_quoted(in, inner);
	if (span_take(in, '{'))
		return take_literal(in, inner);
	*inner = SPAN_NONE;
	return span_take_nocase(in, SPAN("NIL"));
}

bool
take_value_imap(struct span *in)
{
	static const bool atom[256] = {
		['!'] = true, ['#' ... '$'] = true, ['&' ... '\''] = true,
		['+' ... '['] = true, ['\\' ... 'z'] = true, ['|'] = true,
		['}' ... '~'] = true,
	};
	size_t depth = 0;
	bool fresh = true; /* no value since the parenthesis or blank */

	do {
		struct span inner;

		if (in->len == 0)
			return false;
		if (span_take(in, '(')) {
			if (depth++ == 32)
				return false;
			fresh = true;
			continue;
		}
		if (depth > 0 && span_take(in, ')')) {
			depth--;
		} else if (depth > 0 && !fresh && span_take(in, ' ')) {
			fresh = true;
			continue;
		} else if (in->at[0] == '"' || in->at[0] == '{') {
			if (!take_nstring(in, &inner))
				return false;
		} else if (span_skip(in, atom) == 0) {
			return false;
		}
		fresh = false;
	} while (depth > 0);
	return true;
}
