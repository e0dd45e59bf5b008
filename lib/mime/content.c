#include "lib/mime/content.h"

/* token: any CHAR except SPACE, CTLs and tspecials */
static const bool token[256] = {
	['!'] = true, ['#' ... '\''] = true, ['*' ... '+'] = true,
	['-' ... '.'] = true, ['0' ... '9'] = true, ['A' ... 'Z'] = true,
	['^' ... '~'] = true,
};
static const bool white[256] = {
	[' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true,
};
static const bool unquoted[256] = {
	['!'] = true, ['#' ... '\''] = true, ['*' ... ':'] = true,
	['<' ... '~'] = true, [0x80 ... 0xff] = true,
};

/* comment = "(" *([FWS] ctext / quoted-pair / comment) ")"; depth is counted,
 * not recursed into. */
static bool
take_comment(struct span *in)
{
	size_t depth = 0;

	do {
		uint8_t c;

		if (in->len == 0)
			return false;
		c = span_shift(in);
		if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
		else if (c == '\\' && in->len > 0)
			span_shift(in);
	} while (depth > 0);
	return true;
}

bool
skip_cfws(struct span *in)
{
	for (;;) {
		span_skip(in, white);
		if (in->len == 0 || in->at[0] != '(')
			return true;
		if (!take_comment(in))
			return false;
	}
}

struct span
take_mime_token(struct span *in)
{
	struct span start = *in;

	return span_skip(in, token) > 0 ? span_before(start, *in) : SPAN_NONE;
}

bool
content_type_parse(struct span value, struct content_type *out)
{
	struct content_type t;

	if (!skip_cfws(&value))
		return false;
	t.type = take_mime_token(&value);
	if (!span_is_set(t.type) || !skip_cfws(&value) ||
		!span_take(&value, '/') || !skip_cfws(&value))
		return false;
	t.subtype = take_mime_token(&value);
	t.params = value;
	if (!span_is_set(t.subtype))
		return false;
	*out = t;
	return true;
}

/* The inside of a quoted-string; the opening quote is consumed already. */
static bool
take_quoted(struct span *in, struct span *out)
{
	struct span start = *in;

	while (in->len > 0) {
		uint8_t c = span_shift(in);

		if (c == '"') {
			*out = span_before(start, *in);
			out->len--;
			return true;
		}
		if (c == '\\' && in->len > 0)
			span_shift(in);
	}
	return false;
}

/* value = token / quoted-string; other octets than blanks and ";" are taken
 * along in an unquoted value, because everybody else does. */
static bool
take_value(struct span *in, struct param *out)
{
	struct span start;

	out->quoted = span_take(in, '"');
	if (out->quoted)
		return take_quoted(in, &out->value);
	start = *in;
	span_skip(in, unquoted);
	out->value = span_before(start, *in);
	return true;
}

bool
param_next(struct span *rest, struct param *out, bool *clean)
{
	bool more;

	if (!skip_cfws(rest))
		return *clean = false;
	do {
		more = span_take(rest, ';');
		if (!skip_cfws(rest))
			return *clean = false;
	} while (rest->len > 0 && rest->at[0] == ';');
	if (rest->len == 0)
		return false;
	if (!more)
		return *clean = false;
	out->name = take_mime_token(rest);
	if (!span_is_set(out->name) || !skip_cfws(rest) ||
		!span_take(rest, '=') || !skip_cfws(rest))
		return *clean = false;
	return take_value(rest, out) || (*clean = false);
}

bool
put_param_value(struct buf *b, const struct param *p)
{
	struct span in = p->value;

	while (in.len > 0) {
		uint8_t c = span_shift(&in);

		if (c == '\\' && p->quoted && in.len > 0)
			c = span_shift(&in);
		else if (c == '\r' || c == '\n')
			continue;
		if (!buf_push(b, c))
			return false;
	}
	return true;
}
