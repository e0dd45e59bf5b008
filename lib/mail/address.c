#include "lib/mail/address.h"

#include "lib/base/escape.h"
#include "lib/base/ip.h"
#include "lib/base/must.h"
#include "lib/mail/idna.h"

/* clang-format off */
static const bool atext[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
	['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true,
	['\''] = true, ['*'] = true, ['+'] = true, ['-'] = true, ['/'] = true,
	['='] = true, ['?'] = true, ['^'] = true, ['_'] = true, ['`'] = true,
	['{'] = true, ['|'] = true, ['}'] = true, ['~'] = true,
	[128 ... 255] = true, /* whether that is UTF-8 is seen later */
};
/* sub-domain = Let-dig [Ldh-str] / U-label */
static const bool label_text[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
	['-'] = true,
	[128 ... 255] = true,
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

/* qtextSMTP = %d32-33 / %d35-91 / %d93-126 / UTF8-non-ascii
 * quoted-pairSMTP = %d92 %d32-126 */
static bool
take_qcontent(struct span *in)
{
	uint8_t c = span_shift(in);

	if (c != '\\')
		return c >= 32 && c != 127;
	if (in->len == 0)
		return false;
	c = span_shift(in);
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

static bool
put_label(struct buf *b, struct span label)
{
	size_t before = b->len;

	if (label.len == 0 || label.at[0] == '-' ||
		label.at[label.len - 1] == '-' || !a_label_is_sound(label) ||
		!put_a_label(b, label))
		return false;
	return b->len - before <= LABEL_MAX;
}

/* Domain = sub-domain *("." sub-domain), put in the form that is compared */
static bool
take_domain(struct span *in, struct buf *b)
{
	do {
		struct span start = *in;

		span_skip(in, label_text);
		if (b->len > 0 && !buf_push(b, '.'))
			return false;
		if (!put_label(b, span_before(start, *in)))
			return false;
	} while (span_take(in, '.'));
	return true;
}

bool
put_domain(struct buf *b, struct span domain)
{
	uint8_t room[DOMAIN_MAX];
	struct buf form = BUF(room);

	return take_domain(&domain, &form) && domain.len == 0 &&
		buf_put(b, buf_view(&form));
}

bool
domain_is_valid(struct span domain)
{
	uint8_t room[DOMAIN_MAX];
	struct buf form = BUF(room);

	return span_is_ascii(domain) && put_domain(&form, domain);
}

/* address-literal = "[" ( IPv4 / "IPv6:" IPv6 ) "]" */
static bool
take_literal(struct span *in, struct span *content)
{
	uint8_t address[16];
	struct span text;
	bool tagged;

	if (!span_take(in, '['))
		return false;
	*content = span_shift_upto(in, span_find_octet(*in, ']'));
	text = *content;
	tagged = span_take_nocase(&text, SPAN("IPv6:"));
	return tagged == (span_find_octet(text, ':') < text.len) &&
		ip_parse(text, address) && span_take(in, ']');
}

/* Characters beyond ASCII: UTF-8, and no controls. */
static bool
is_text(struct span s)
{
	uint32_t c;

	while (s.len > 0)
		if (!take_utf8(&s, &c) || (c >= 0x7f && c < 0xa0))
			return false;
	return true;
}

/* Mailbox; `len` is that of the form that is looked up, but for the quotes. */
static bool
take_mailbox(struct span *in, struct address *a, size_t *len)
{
	uint8_t room[DOMAIN_MAX];
	struct buf form = BUF(room);
	struct span start = *in;

	if (!take_local(in))
		return false;
	a->local = span_before(start, *in);
	if (a->local.len > LOCAL_MAX || !is_text(a->local) ||
		!span_take(in, '@'))
		return false;
	start = *in;
	a->is_literal = in->len > 0 && *in->at == '[';
	if (a->is_literal) {
		*len = a->local.len + 3;
		if (!take_literal(in, &a->domain))
			return false;
		*len += a->domain.len;
		return true;
	}
	if (!take_domain(in, &form))
		return false;
	a->domain = span_before(start, *in);
	*len = a->local.len + 1 +
		(form.len > a->domain.len ? form.len : a->domain.len);
	return true;
}

FALLIBLE
address_take_utf8(struct span *text, struct address *out)
{
	struct span in = *text;
	struct address a;
	size_t len;

	if (!take_mailbox(&in, &a, &len) || len > MAILBOX_MAX)
		return &fault_address_syntax;
	a.utf8 = !span_is_ascii(a.local) || !span_is_ascii(a.domain);
	*text = in;
	*out = a;
	return OK;
}

FALLIBLE
address_take(struct span *text, struct address *out)
{
	struct span in = *text;
	struct address a;
	const struct fault *f = address_take_utf8(&in, &a);

	if (f ? !span_is_ascii(*text) : a.utf8)
		return &fault_address_8bit;
	TRY(f);
	*text = in;
	*out = a;
	return OK;
}

FALLIBLE
address_parse_utf8(struct span text, struct address *out)
{
	struct address a;

	TRY(address_take_utf8(&text, &a));
	if (text.len > 0)
		return &fault_address_syntax;
	*out = a;
	return OK;
}

FALLIBLE
address_parse(struct span text, struct address *out)
{
	struct address a;

	TRY(address_take(&text, &a));
	if (text.len > 0)
		return span_is_ascii(text) ? &fault_address_syntax
				      : &fault_address_8bit;
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

static bool
put_literal(struct buf *out, struct span content)
{
	return buf_push(out, '[') && put_lower(out, content) &&
		buf_push(out, ']');
}

FALLIBLE
address_canonical(const struct address *a, struct buf *out)
{
	size_t before = out->len;

	if (put_local(out, a->local) && buf_push(out, '@') &&
		(a->is_literal ? put_literal(out, a->domain)
			       : put_domain(out, a->domain)))
		return OK;
	out->len = before;
	return &fault_address_syntax;
}

struct span
address_domain(struct span mailbox)
{
	size_t at = mailbox.len;

	while (at > 0 && mailbox.at[at - 1] != '@')
		at--;
	return at > 0 ? span_at(mailbox.at + at, mailbox.len - at) : SPAN("");
}
