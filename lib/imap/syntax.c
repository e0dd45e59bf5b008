#include "lib/imap/syntax.h"

#include "lib/base/number.h"

#define TAG_MAX 64

/* ATOM-CHAR: no atom-specials "(" ")" "{" SP CTL "%" "*" DQUOTE "\" "]" */
#define ATOM_CHARS                                                      \
	['!'] = true, ['#' ... '$'] = true, ['&' ... '\''] = true,      \
	['+' ... '['] = true, ['^' ... 'z'] = true, ['|' ... '~'] = true

static const bool atom_char[256] = { ATOM_CHARS };
static const bool astring_char[256] = { ATOM_CHARS, [']'] = true };
static const bool list_char[256] = { ATOM_CHARS, [']'] = true, ['%'] = true,
	['*'] = true };
static const bool tag_char[256] = { ['!'] = true, ['#' ... '$'] = true,
	['&' ... '\''] = true, [',' ... '['] = true, [']' ... 'z'] = true,
	['|' ... '~'] = true };

static bool
take_class(struct span *in, const bool class[256], struct span *out)
{
	struct span start = *in;

	if (span_skip(in, class) == 0)
		return false;
	*out = span_before(start, *in);
	return true;
}

bool
take_sp(struct span *in)
{
	return span_take(in, ' ');
}

bool
take_tag(struct span *in, struct span *out)
{
	return take_class(in, tag_char, out) && out->len <= TAG_MAX;
}

bool
take_atom(struct span *in, struct span *out)
{
	return take_class(in, atom_char, out);
}

bool
is_atom(struct span s)
{
	struct span out;

	return take_atom(&s, &out) && s.len == 0;
}

/* The inside of a quoted string whose pairs are known to be right. */
static bool
copy_unquoted(struct span in, struct buf *scratch, struct span *out)
{
	size_t from = scratch->len;

	while (in.len > 0) {
		uint8_t c = span_shift(&in);

		if (c == '\\')
			c = span_shift(&in);
		if (!buf_push(scratch, c))
			return false;
	}
	*out = span_at(scratch->at + from, scratch->len - from);
	return true;
}

/* QUOTED-CHAR = TEXT-CHAR except quoted-specials / "\" quoted-specials */
static bool
take_quoted(struct span *in, struct buf *scratch, struct span *out)
{
	struct span start = *in;
	bool pairs = false;

	while (in->len > 0) {
		uint8_t c = span_shift(in);

		if (c == '"') {
			*out = span_before(start, *in);
			out->len--;
			return !pairs || copy_unquoted(*out, scratch, out);
		}
		if (c == 0 || c == '\r' || c == '\n' || c >= 0x80)
			return false;
		if (c != '\\')
			continue;
		if (in->len == 0 || (in->at[0] != '"' && in->at[0] != '\\'))
			return false;
		span_shift(in);
		pairs = true;
	}
	return false;
}

/* literal = "{" number ["+"] "}" CRLF *CHAR8, complete in the frame */
static bool
take_literal(struct span *in, struct span *out)
{
	uint64_t n;

	if (number_take(in, 10, 0, UINT32_MAX, &n))
		return false;
	span_take(in, '+');
	if (!span_take_nocase(in, SPAN("}\r\n")) || in->len < n)
		return false;
	*out = span_shift_upto(in, (size_t)n);
	return n == 0 || !memchr(out->at, 0, out->len);
}

bool
take_string(struct span *in, struct buf *scratch, struct span *out)
{
	if (span_take(in, '"'))
		return take_quoted(in, scratch, out);
	return span_take(in, '{') && take_literal(in, out);
}

bool
take_astring(struct span *in, struct buf *scratch, struct span *out)
{
	return take_class(in, astring_char, out) ||
		take_string(in, scratch, out);
}

bool
take_list_mailbox(struct span *in, struct buf *scratch, struct span *out)
{
	return take_class(in, list_char, out) || take_string(in, scratch, out);
}

static bool
take_range(struct span *in, uint32_t min, uint32_t *out)
{
	uint64_t n;

	if (number_take(in, 10, min, UINT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

bool
take_number(struct span *in, uint32_t *out)
{
	return take_range(in, 0, out);
}

bool
take_nz_number(struct span *in, uint32_t *out)
{
	return take_range(in, 1, out);
}

/* Exactly `width` digits. */
static bool
take_digits(struct span *in, unsigned width, unsigned *out)
{
	struct span part = *in;
	uint64_t n;

	part = span_shift_upto(&part, width);
	if (part.len < width || number_parse(part, 0, 9999, &n))
		return false;
	span_shift_upto(in, width);
	*out = (unsigned)n;
	return true;
}

/* "-" date-month "-" date-year */
static bool
take_month_year(struct span *in, struct civil *c)
{
	unsigned year, month;

	if (!span_take(in, '-') || (month = take_month(in)) == 0 ||
		!span_take(in, '-') || !take_digits(in, 4, &year))
		return false;
	c->month = (uint8_t)month;
	c->year = (int32_t)year;
	return true;
}

bool
take_date(struct span *in, struct instant *out)
{
	bool quoted = span_take(in, '"');
	struct civil c = { 0 };
	uint64_t day;

	if (number_take(in, 2, 1, 31, &day))
		return false;
	c.day = (uint8_t)day;
	return take_month_year(in, &c) && (!quoted || span_take(in, '"')) &&
		civil_instant(&c, out);
}

/* time = 2DIGIT ":" 2DIGIT ":" 2DIGIT */
static bool
take_time(struct span *in, struct civil *c)
{
	unsigned hour, minute, second;

	if (!take_digits(in, 2, &hour) || !span_take(in, ':') ||
		!take_digits(in, 2, &minute) || !span_take(in, ':') ||
		!take_digits(in, 2, &second))
		return false;
	c->hour = (uint8_t)hour;
	c->minute = (uint8_t)minute;
	c->second = (uint8_t)second;
	return true;
}

/* zone = ("+" / "-") 4DIGIT, as a duration */
static bool
take_zone(struct span *in, int64_t *out)
{
	bool west = in->len > 0 && in->at[0] == '-';
	unsigned n;

	if (!span_take(in, west ? '-' : '+') || !take_digits(in, 4, &n) ||
		n % 100 > 59 || n > 2400)
		return false;
	*out = MINUTES((int64_t)(n / 100 * 60 + n % 100)) * (west ? -1 : 1);
	return true;
}

bool
take_date_time(struct span *in, struct instant *out)
{
	struct civil c = { 0 };
	unsigned day;
	int64_t zone;

	if (!span_take(in, '"'))
		return false;
	if (!take_digits(in, 2, &day)) {
		if (!take_sp(in) || !take_digits(in, 1, &day))
			return false;
	}
	c.day = (uint8_t)day;
	if (!take_month_year(in, &c) || !take_sp(in) || !take_time(in, &c) ||
		!take_sp(in) || !take_zone(in, &zone) || !span_take(in, '"') ||
		!civil_instant(&c, out))
		return false;
	out->us -= zone;
	return true;
}
