#include "proc/scan/reply.h"

#include "lib/base/number.h"

/* --- version ------------------------------------------------------------- */

static bool
take_two(struct span *in, uint8_t *out)
{
	uint64_t n;

	if (number_take(in, 2, 0, 60, &n))
		return false;
	*out = (uint8_t)n;
	return true;
}

/* date = weekday SP month SP [SP] day SP hour ":" minute ":" second SP year */
static bool
take_date(struct span *in, struct instant *out)
{
	struct civil c = { 0 };
	uint64_t year;

	if (span_shift_upto(in, 3).len != 3 || !span_take(in, ' '))
		return false;
	c.month = (uint8_t)take_month(in);
	if (!span_take(in, ' '))
		return false;
	span_take(in, ' ');
	if (!take_two(in, &c.day) || !span_take(in, ' ') ||
		!take_two(in, &c.hour) || !span_take(in, ':') ||
		!take_two(in, &c.minute) || !span_take(in, ':') ||
		!take_two(in, &c.second) || !span_take(in, ' ') ||
		number_take(in, 4, 1970, 9999, &year))
		return false;
	c.year = (int32_t)year;
	return civil_instant(&c, out);
}

/* What stands after "ClamAV ".  An engine with signatures of its site only
 * tells no date. */
static void
read_version(struct span text, struct reply *out)
{
	struct instant date;
	uint64_t signatures;

	out->kind = REPLY_VERSION;
	span_shift_upto(&text, span_find_octet(text, '/'));
	if (span_take(&text, '/') &&
		!number_take(&text, 9, 0, UINT32_MAX, &signatures) &&
		span_take(&text, '/') && take_date(&text, &date) &&
		text.len == 0)
		out->signatures = date;
}

/* --- findings ------------------------------------------------------------ */

/* Names that the engine gives to what it could not look into. */
static bool
is_unchecked(struct span name)
{
	return span_starts(name, SPAN("Heuristics.Limits.Exceeded")) ||
		span_starts(name, SPAN("Heuristics.Encrypted"));
}

static bool
ends_with(struct span *s, struct span tail)
{
	if (s->len <= tail.len ||
		!span_equals(span_at(s->at + s->len - tail.len, tail.len),
			tail))
		return false;
	s->len -= tail.len;
	return true;
}

/* subject = ( "fd[" number "]" / "stream" ) ": " */
static bool
take_subject(struct span *in, bool *stream)
{
	struct span words = SPAN("stream"), fd = SPAN("fd[");
	uint64_t descriptor;

	*stream = span_starts(*in, words);
	if (*stream) {
		span_shift_upto(in, words.len);
	} else {
		if (!span_starts(*in, fd))
			return false;
		span_shift_upto(in, fd.len);
		if (number_take(in, 10, 0, INT32_MAX, &descriptor) ||
			!span_take(in, ']'))
			return false;
	}
	return span_take(in, ':') && span_take(in, ' ');
}

static bool
read_finding(struct span text, struct reply *out)
{
	if (span_equals(text, SPAN("INSTREAM size limit exceeded. ERROR"))) {
		out->kind = REPLY_TOO_LONG;
		return true;
	}
	if (!take_subject(&text, &out->stream))
		return false;
	if (span_equals(text, SPAN("OK"))) {
		out->kind = REPLY_CLEAN;
		return true;
	}
	if (ends_with(&text, SPAN(" FOUND"))) {
		out->kind = is_unchecked(text) ? REPLY_UNCHECKED : REPLY_FOUND;
		out->name = text;
		return true;
	}
	return ends_with(&text, SPAN(" ERROR"));
}

static bool
read_reply(struct span text, struct reply *out)
{
	struct span version = SPAN("ClamAV ");

	*out = (struct reply){ .kind = REPLY_ERROR };
	if (number_take(&text, 10, 1, UINT32_MAX, &out->number) ||
		!span_starts(text, SPAN(": ")))
		return false;
	span_shift_upto(&text, 2);
	if (!span_starts(text, version))
		return read_finding(text, out);
	span_shift_upto(&text, version.len);
	read_version(text, out);
	return true;
}

FALLIBLE
reply_take(struct span *in, struct reply *out, bool *done)
{
	struct span rest = *in;
	size_t end = span_find_octet(rest, 0);
	struct reply reply;

	*done = false;
	if (end > REPLY_MAX)
		return &fault_reply_syntax;
	if (end == rest.len)
		return OK;
	if (!read_reply(span_shift_upto(&rest, end), &reply))
		return &fault_reply_syntax;
	span_shift(&rest);
	*in = rest;
	*out = reply;
	*done = true;
	return OK;
}
