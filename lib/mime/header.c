#include "lib/mime/header.h"

/* ftext of RFC 5322 section 3.6.8: printable, no colon */
static const bool ftext[256] = { ['!' ... '9'] = true, [';' ... '~'] = true };
static const bool blanks[256] = { [' '] = true, ['\t'] = true };

struct span
take_raw_line(struct span *in)
{
	size_t end = span_find_octet(*in, '\n');

	return span_shift_upto(in, end < in->len ? end + 1 : end);
}

bool
line_is_blank(struct span line)
{
	return (line.len == 1 && line.at[0] == '\n') ||
		(line.len == 2 && line.at[0] == '\r' && line.at[1] == '\n');
}

struct span
header_of(struct span message)
{
	struct span rest = message;

	while (rest.len > 0)
		if (line_is_blank(take_raw_line(&rest)))
			break;
	return span_before(message, rest);
}

static struct span
without_line_end(struct span s)
{
	if (s.len > 0 && s.at[s.len - 1] == '\n')
		s.len--;
	if (s.len > 0 && s.at[s.len - 1] == '\r')
		s.len--;
	return s;
}

/* field-name *WSP ":"; the rest of the line is left in *line */
static bool
take_field_name(struct span *line, struct header_field *f)
{
	struct span start = *line;

	if (span_skip(line, ftext) == 0)
		return false;
	f->name = span_before(start, *line);
	f->blank_before_colon = span_skip(line, blanks) > 0;
	return span_take(line, ':');
}

bool
header_next(struct span *rest, struct header_field *f, unsigned *strays)
{
	while (rest->len > 0) {
		struct span start = *rest;
		struct span line = take_raw_line(rest);
		struct span value = line;

		if (line_is_blank(line))
			return false;
		if (!take_field_name(&value, f)) {
			++*strays;
			continue;
		}
		while (rest->len > 0 && blanks[rest->at[0]])
			take_raw_line(rest);
		f->whole = span_before(start, *rest);
		value.len = (size_t)(rest->at - value.at);
		f->value = without_line_end(value);
		return true;
	}
	return false;
}

struct span
header_find(struct span header, struct span name)
{
	struct header_field f;
	unsigned strays = 0;

	while (header_next(&header, &f, &strays))
		if (span_equals_nocase(f.name, name))
			return f.value;
	return SPAN_NONE;
}
