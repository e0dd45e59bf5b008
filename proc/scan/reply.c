#include "proc/scan/reply.h"

#include "lib/base/number.h"

static bool
ends_with(struct span *s, struct span tail)
{
	if (s->len < tail.len ||
		!span_equals(span_at(s->at + s->len - tail.len, tail.len), tail))
		return false;
	s->len -= tail.len;
	return true;
}

/* What follows "number: ": the source ends at the first ": ". */
static bool
read_finding(struct span text, struct reply *out)
{
	size_t colon = span_find(text, SPAN(": "));

	if (colon == text.len)
		return false;
	span_shift_upto(&text, colon + 2);
	out->finding = FOUND_ERROR;
	out->name = SPAN_NONE;
	if (span_equals(text, SPAN("OK"))) {
		out->finding = FOUND_NOTHING;
	} else if (ends_with(&text, SPAN(" FOUND")) && text.len > 0) {
		out->finding = FOUND_VIRUS;
		out->name = text;
	}
	return true;
}

FALLIBLE
reply_take(struct span *in, struct reply *out, bool *done)
{
	size_t end = span_find_octet(*in, 0);
	struct span line;

	*done = end < in->len;
	if (!*done)
		return in->len > REPLY_MAX ? &fault_reply_syntax : OK;
	line = span_shift_upto(in, end);
	span_shift(in);
	if (line.len > REPLY_MAX ||
		number_take(&line, 10, 1, UINT32_MAX, &out->number) ||
		!span_take_nocase(&line, SPAN(": ")) ||
		!read_finding(line, out))
		return &fault_reply_syntax;
	return OK;
}
