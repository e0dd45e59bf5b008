#include "lib/conf/token.h"

/* clang-format off */
static const bool blank[256] = { [' '] = true, ['\t'] = true };

static const bool word[256] = {
	['!'] = true, ['$' ... 'z'] = true, ['|'] = true, ['~'] = true,
};

static const bool quoted[256] = {
	[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true,
};

static const bool remark[256] = {
	[1 ... 9] = true, [11 ... 12] = true, [14 ... 255] = true,
};
/* clang-format on */

void
scanner_init(struct scanner *s, struct span text)
{
	*s = (struct scanner){ text, 1 };
}

static void
skip_blank(struct scanner *s)
{
	span_skip(&s->rest, blank);
	if (span_take(&s->rest, '#'))
		span_skip(&s->rest, remark);
}

static struct token
bad(const struct scanner *s, const char *why)
{
	return (struct token){ TOKEN_BAD, s->line, span_of(why) };
}

static struct token
take_string(struct scanner *s)
{
	struct span start = s->rest, text;

	span_skip(&s->rest, quoted);
	text = span_before(start, s->rest);
	if (span_take(&s->rest, '"'))
		return (struct token){ TOKEN_STRING, s->line, text };
	return bad(s, "a quoted text is not closed on its line, or holds an "
		      "octet that is not printable ASCII");
}

static struct token
take_word(struct scanner *s)
{
	struct span start = s->rest;

	if (span_skip(&s->rest, word) > 0)
		return (struct token){ TOKEN_WORD, s->line,
			span_before(start, s->rest) };
	if (span_shift(&s->rest) == '\r')
		return bad(s, "a CR: save the file with LF line ends");
	return bad(s, "an octet that is not printable ASCII: remove it");
}

struct token
token_next(struct scanner *s)
{
	struct token t;

	skip_blank(s);
	t = (struct token){ TOKEN_END, s->line, { s->rest.at, 0 } };
	if (s->rest.len == 0)
		return t;
	switch (*s->rest.at) {
	case '\n':
		s->line++;
		t.kind = TOKEN_LINE;
		break;
	case '{':
		t.kind = TOKEN_OPEN;
		break;
	case '}':
		t.kind = TOKEN_CLOSE;
		break;
	case '"':
		span_shift(&s->rest);
		return take_string(s);
	default:
		return take_word(s);
	}
	span_shift(&s->rest);
	return t;
}

bool
token_is_word(struct span text)
{
	return text.len > 0 && span_skip(&text, word) > 0 && text.len == 0;
}
