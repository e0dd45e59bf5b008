#include "lib/mail/field.h"

/* ftext: printable but ":" */
static const bool ftext[256] = { [33 ... 57] = true, [59 ... 126] = true };

/* A line up to its CRLF, which goes too. */
static FALLIBLE
take_line(struct span *in, struct span *line)
{
	size_t lf = span_find_octet(*in, '\n');

	*line = span_shift_upto(in, lf);
	if (in->len > 0) {
		span_shift(in);
		if (line->len == 0 || line->at[line->len - 1] != '\r')
			return &fault_header_syntax;
		line->len--;
	}
	return span_find_octet(*line, '\r') < line->len ? &fault_header_syntax
							: OK;
}

static bool
is_fold(struct span in)
{
	return in.len > 0 && (*in.at == ' ' || *in.at == '\t');
}

FALLIBLE
field_next(struct span *header, struct field *out, bool *over)
{
	struct span start = *header, line;

	*over = header->len == 0;
	if (*over)
		return OK;
	TRY(take_line(header, &line));
	*over = line.len == 0;
	if (*over)
		return OK;
	if (span_skip(&line, ftext) == 0 || !span_take(&line, ':'))
		return &fault_header_syntax;
	out->name = span_at(start.at, (size_t)(line.at - start.at) - 1);
	out->value = line;
	while (is_fold(*header)) {
		TRY(take_line(header, &line));
		out->value.len = (size_t)(line.at + line.len - out->value.at);
	}
	return span_before(start, *header).len > FIELD_MAX ? &fault_header_limit
							   : OK;
}
