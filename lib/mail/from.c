#include "lib/mail/from.h"

/* clang-format off */
static const bool phrase_text[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
	['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true,
	['\''] = true, ['*'] = true, ['+'] = true, ['-'] = true, ['/'] = true,
	['='] = true, ['?'] = true, ['^'] = true, ['_'] = true, ['`'] = true,
	['{'] = true, ['|'] = true, ['}'] = true, ['~'] = true, ['.'] = true,
	[128 ... 255] = true, /* whether that may be is seen later */
};
/* clang-format on */

static bool
is_text(uint8_t c)
{
	return (c >= 32 && c != 127) || c == '\t';
}

/* FWS: blanks, and line ends that blanks follow */
static void
skip_fws(struct span *in)
{
	while (in->len > 0 && (*in->at == ' ' || *in->at == '\t' ||
				      *in->at == '\r' || *in->at == '\n'))
		span_shift(in);
}

/* One octet of a comment; depth follows its parentheses. */
static bool
step_comment(struct span *in, unsigned *depth)
{
	uint8_t c = span_shift(in);

	if (c == '\\')
		return in->len > 0 && is_text(span_shift(in));
	if (c == '(')
		return ++*depth <= COMMENTS_MAX;
	if (c == ')')
		--*depth;
	return is_text(c) || c == '\r' || c == '\n';
}

/* CFWS = *(FWS / comment) */
static bool
skip_cfws(struct span *in)
{
	unsigned depth = 0;

	for (;;) {
		skip_fws(in);
		if (in->len == 0 || *in->at != '(')
			return true;
		do {
			if (in->len == 0 || !step_comment(in, &depth))
				return false;
		} while (depth > 0);
	}
}

static bool
take_quoted(struct span *in)
{
	span_shift(in);
	while (in->len > 0 && *in->at != '"') {
		uint8_t c = span_shift(in);

		if (c == '\\') {
			if (in->len == 0)
				return false;
			c = span_shift(in);
		}
		if (!is_text(c) && c != '\r' && c != '\n')
			return false;
	}
	return span_take(in, '"');
}

/* word = atom / quoted-string */
static bool
take_word(struct span *in)
{
	if (in->len > 0 && *in->at == '"')
		return take_quoted(in);
	return span_skip(in, phrase_text) > 0;
}

/* An encoded word is an atom by its letters; in an address it only deceives. */
static bool
take_spec(struct span *in, struct address *out, struct span *spec)
{
	struct span start = *in;

	if (address_take_utf8(in, out) || out->is_literal ||
		span_starts(out->local, SPAN("=?")))
		return false;
	*spec = span_before(start, *in);
	return true;
}

/* phrase "<" addr-spec ">", or addr-spec alone */
static bool
take_mailbox(struct span *in, struct address *out, struct span *spec)
{
	struct span start = *in;

	while (in->len > 0 && *in->at != '<') {
		struct span before = *in;

		if (!take_word(in))
			return false;
		if (in->len > 0 && *in->at == '@' && before.at == start.at) {
			*in = start;
			return take_spec(in, out, spec);
		}
		if (!skip_cfws(in))
			return false;
	}
	return span_take(in, '<') && take_spec(in, out, spec) &&
		span_take(in, '>');
}

FALLIBLE
mailbox_next(struct span *value, bool utf8, struct address *out,
	struct span *spec, bool *more)
{
	struct span in = *value;

	if (!skip_cfws(&in) || !take_mailbox(&in, out, spec) || !skip_cfws(&in))
		return &fault_header_syntax;
	*more = span_take(&in, ',');
	if (!*more && in.len > 0)
		return &fault_header_syntax;
	if (!utf8 && !span_is_ascii(span_before(*value, in)))
		return &fault_header_syntax;
	*value = in;
	return OK;
}
