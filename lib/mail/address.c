#include "lib/mail/address.h"

#include "lib/base/must.h"

/* clang-format off */
static const bool atext[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
	['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true,
	['\''] = true, ['*'] = true, ['+'] = true, ['-'] = true, ['/'] = true,
	['='] = true, ['?'] = true, ['^'] = true, ['_'] = true, ['`'] = true,
	['{'] = true, ['|'] = true, ['}'] = true, ['~'] = true,
};
static const bool let_dig[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
};
static const bool ldh[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
	['-'] = true,
};
/* dcontent of an address literal: printable but "[", "\", "]" */
static const bool dcontent[256] = {
	[33 ... 90] = true, [94 ... 126] = true,
};
/* clang-format on */

/* Each take_ function is one rule of the grammar.  It consumes the whole rule
 * and returns true, or returns false and the parse is over. */

/* Dot-string = Atom *("." Atom) */
static bool
take_dot_string(struct span *in)
{
	do {
		if (span_skip(in, atext) == 0)
			return false;
	} while (span_take(in, '.'));
	return true;
}

/* qtextSMTP = %d32-33 / %d35-91 / %d93-126
 * quoted-pairSMTP = %d92 %d32-126 */
static bool
take_qcontent(struct span *in)
{
	uint8_t c = span_shift(in);

	if (c == '\\') {
		if (in->len == 0)
			return false;
		c = span_shift(in);
	}
	return c >= 32 && c <= 126;
}

/* Quoted-string = DQUOTE *QcontentSMTP DQUOTE */
static bool
take_quoted_string(struct span *in)
{
	if (!span_take(in, '"'))
		return false;
	while (in->len > 0 && *in->at != '"')
		if (!take_qcontent(in))
			return false;
	return span_take(in, '"');
}

static bool
take_local(struct span *in)
{
	if (in->len > 0 && *in->at == '"')
		return take_quoted_string(in);
	return take_dot_string(in);
}

/* sub-domain = Let-dig [Ldh-str] */
static bool
take_label(struct span *in)
{
	struct span label = *in;
	size_t len;

	if (in->len == 0 || !let_dig[*in->at])
		return false;
	len = span_skip(in, ldh);
	return len <= LABEL_MAX && label.at[len - 1] != '-';
}

bool
take_domain(struct span *in)
{
	struct span start = *in;

	do {
		if (!take_label(in))
			return false;
	} while (span_take(in, '.'));
	return span_before(start, *in).len <= DOMAIN_MAX;
}

bool
domain_is_valid(struct span domain)
{
	return take_domain(&domain) && domain.len == 0;
}

/* address-literal = "[" 1*dcontent "]"; never a mailbox of ours, so what is in
 * it is not looked at more closely */
static bool
take_literal(struct span *in, struct span *content)
{
	struct span start;

	if (!span_take(in, '['))
		return false;
	start = *in;
	if (span_skip(in, dcontent) == 0)
		return false;
	*content = span_before(start, *in);
	return content->len <= DOMAIN_MAX - 2 && span_take(in, ']');
}

static const struct fault *
why(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] >= 0x80)
			return &fault_address_8bit;
	return &fault_address_syntax;
}

FALLIBLE
address_take(struct span *text, struct address *out)
{
	struct span in = *text, start;
	struct address a;

	if (!take_local(&in))
		return why(in);
	a.local = span_before(*text, in);
	if (a.local.len > LOCAL_MAX || !span_take(&in, '@'))
		return why(in);
	start = in;
	a.is_literal = in.len > 0 && *in.at == '[';
	if (a.is_literal ? !take_literal(&in, &a.domain) : !take_domain(&in))
		return why(in);
	if (!a.is_literal)
		a.domain = span_before(start, in);
	*text = in;
	*out = a;
	return OK;
}

FALLIBLE
address_parse(struct span text, struct address *out)
{
	struct address a;

	TRY(address_take(&text, &a));
	if (text.len > 0)
		return why(text);
	*out = a;
	return OK;
}

/* Octets of a quoted string without its quotes and escapes. */
static size_t
unquote(struct span quoted, uint8_t out[LOCAL_MAX])
{
	size_t n = 0;

	span_shift(&quoted);
	while (quoted.len > 1) {
		uint8_t c = span_shift(&quoted);

		out[n++] = c == '\\' ? span_shift(&quoted) : c;
	}
	return n;
}

static bool
put_lower(struct buf *out, struct span s)
{
	bool fits = true;

	while (fits && s.len > 0)
		fits = buf_push(out, octet_lower(span_shift(&s)));
	return fits;
}

static bool
put_quoted(struct buf *out, struct span s)
{
	bool fits = buf_push(out, '"');

	while (fits && s.len > 0) {
		uint8_t c = octet_lower(span_shift(&s));

		if (c == '"' || c == '\\')
			fits = buf_push(out, '\\');
		fits = fits && buf_push(out, c);
	}
	return fits && buf_push(out, '"');
}

static bool
put_local(struct buf *out, struct span local)
{
	uint8_t plain[LOCAL_MAX];
	struct span content, rest;

	MUST(local.len > 0 && local.len <= LOCAL_MAX);
	if (*local.at != '"')
		return put_lower(out, local);
	content = span_at(plain, unquote(local, plain));
	rest = content;
	if (take_dot_string(&rest) && rest.len == 0)
		return put_lower(out, content);
	return put_quoted(out, content);
}

FALLIBLE
address_canonical(const struct address *a, struct buf *out)
{
	size_t before = out->len;

	if (put_local(out, a->local) && buf_push(out, '@') &&
		(!a->is_literal || buf_push(out, '[')) &&
		put_lower(out, a->domain) &&
		(!a->is_literal || buf_push(out, ']')))
		return OK;
	out->len = before;
	return &fault_address_syntax;
}
