/* letter.c -- what programs write becomes a message (docs/leniency.md).
 *
 * Programs end lines with LF, print progress with CR, forget the header or write
 * names of this host into it.  The first are put right here; names are judged
 * by `local`. */
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/mail/address.h"
#include "lib/mail/field.h"
#include "lib/mime/address_list.h"
#include "sendmail/sendmail.h"

#define LINE_MAX_ 998 /* octets without the end */

static const char too_large[] = "the message is larger than this host takes";

/* --- recipients ---------------------------------------------------------- */

static bool
put_mailbox(struct letter *l, const struct address_item *a)
{
	return buf_put(&l->addresses, a->mailbox) &&
		buf_push(&l->addresses, '@') &&
		buf_put(&l->addresses,
			a->host.len > 0 ? a->host : SITE_TEXT(l->site->host));
}

static int
add_rcpt(struct letter *l, const struct address_item *a)
{
	size_t start = l->addresses.len;
	struct address checked;
	struct span whole;

	if (l->count == RCPTS_MAX || !put_mailbox(l, a))
		return complain(EX_UNAVAILABLE, "too many recipients",
			SPAN_NONE);
	whole = span_at(l->addresses.at + start, l->addresses.len - start);
	if (whole.len > ADDRESS_MAX || address_parse(whole, &checked))
		return complain(EX_NOUSER, "not an address", whole);
	l->rcpts[l->count++] = whole;
	return 0;
}

int
letter_add_rcpts(struct letter *l, struct span list)
{
	struct address_item a;
	bool in_group = false;

	while (address_next(&list, &in_group, &a)) {
		int code = a.kind == ADDRESS ? add_rcpt(l, &a) : 0;

		if (code)
			return code;
	}
	return 0;
}

/* --- lines --------------------------------------------------------------- */

/* One line without its end; LF, CRLF and a CR alone end it. */
static struct span
next_line(struct span *in)
{
	size_t lf = span_find_octet(*in, '\n'), cr = span_find_octet(*in, '\r');
	struct span line = span_shift_upto(in, lf < cr ? lf : cr);

	span_take(in, '\r');
	span_take(in, '\n');
	return line;
}

static bool
put_line(struct letter *l, struct span line)
{
	size_t start = l->text.len;

	if (!buf_put(&l->text, line) || !buf_put_text(&l->text, "\r\n"))
		return false;
	for (size_t i = start; i < start + line.len; i++) {
		l->eight_bit |= l->text.at[i] > 127;
		if (l->text.at[i] == 0) /* SMTP cannot say it */
			l->text.at[i] = '?';
	}
	return true;
}

/* --- header -------------------------------------------------------------- */

/* Does a line look like a field, "name:"? */
static bool
is_field(struct span line)
{
	size_t colon = span_find_octet(line, ':');

	if (colon == 0 || colon == line.len)
		return false;
	for (size_t i = 0; i < colon; i++)
		if (line.at[i] <= ' ' || line.at[i] > '~')
			return false;
	return true;
}

/* The lines of one field, folds included, off the front of *in; false at the
 * end of the header. */
static bool
take_field(struct span *in, struct span *first, struct span *whole)
{
	struct span start = *in;

	*first = next_line(in);
	if (!is_field(*first)) {
		*in = start;
		return false;
	}
	while (in->len > 0 && (*in->at == ' ' || *in->at == '\t'))
		next_line(in);
	*whole = span_before(start, *in);
	return true;
}

static bool
is_named(struct span line, struct span name)
{
	return span_take_nocase(&line, name) && span_take(&line, ':');
}

static bool
put_lines(struct letter *l, struct span lines)
{
	while (lines.len > 0)
		if (!put_line(l, next_line(&lines)))
			return false;
	return true;
}

/* The value of a field that names recipients; unset if it does not. */
static struct span
rcpts_of(struct span whole)
{
	static const struct span names[] = { SPAN("To"), SPAN("Cc"),
		SPAN("Bcc") };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (is_named(whole, names[i])) {
			span_shift_upto(&whole, names[i].len + 1);
			return whole;
		}
	return SPAN_NONE;
}

struct seen {
	bool from;
	int code;
};

/* Bcc stays secret: it is in the envelope only. */
static bool
put_field(struct letter *l, struct span first, struct span whole,
	struct seen *seen)
{
	struct span list = rcpts_of(whole);

	seen->from |= is_named(first, SPAN("From"));
	if (l->rcpts_inside && span_is_set(list))
		seen->code = letter_add_rcpts(l, list);
	if (seen->code || is_named(first, SPAN("Bcc")))
		return true;
	return put_lines(l, whole);
}

/* From: "name" <sender>; the program did not say who it is. */
static bool
put_from(struct letter *l)
{
	struct span sender = span_is_set(l->sender) ? l->sender
						    : SITE_TEXT(l->site->sender);

	return buf_put_text(&l->text, "From: \"") &&
		buf_put(&l->text, l->name) && buf_put_text(&l->text, "\" <") &&
		buf_put(&l->text, sender) && buf_put_text(&l->text, ">\r\n");
}

static int
take_header(struct letter *l, struct span *in)
{
	struct seen seen = { 0 };
	struct span first, whole;
	bool fits = true;

	if (span_starts(*in, SPAN("From "))) /* of a mailbox file */
		next_line(in);
	while (fits && !seen.code && take_field(in, &first, &whole))
		fits = put_field(l, first, whole, &seen);
	if (seen.code)
		return seen.code;
	fits = fits && (seen.from || put_from(l)) &&
		buf_put_text(&l->text, "\r\n");
	if (!fits)
		return complain(EX_UNAVAILABLE, too_large, SPAN_NONE);
	first = *in; /* the empty line, unless text follows at once */
	if (in->len > 0 && next_line(&first).len == 0)
		*in = first;
	return 0;
}

/* RFC 5322 section 2.1.1: no line is longer; what a program wrote is broken
 * rather than lost. */
static bool
put_text(struct letter *l, struct span line)
{
	do
		if (!put_line(l, span_shift_upto(&line, LINE_MAX_)))
			return false;
	while (line.len > 0);
	return true;
}

int
letter_take(struct letter *l, struct span in)
{
	int code = take_header(l, &in);

	if (code)
		return code;
	while (in.len > 0) {
		struct span line = next_line(&in);

		if (!l->dot_is_text && span_equals(line, SPAN(".")))
			break;
		if (!put_text(l, line))
			return complain(EX_UNAVAILABLE, too_large, SPAN_NONE);
	}
	if (l->count == 0)
		return complain(EX_USAGE, "no recipient", SPAN_NONE);
	return 0;
}

int
letter_read(struct letter *l)
{
	size_t room = l->text.cap;
	uint8_t *at = malloc(room);
	size_t len = 0;
	ssize_t n;
	int code;

	while (at && len < room && (n = read(0, at + len, room - len)) != 0) {
		if (n < 0) {
			free(at);
			return complain(EX_IOERR, "standard input", SPAN_NONE);
		}
		len += (size_t)n;
	}
	code = !at ? complain(EX_OSERR, "no memory", SPAN_NONE)
		: len == room
		? complain(EX_UNAVAILABLE, too_large, SPAN_NONE)
		: letter_take(l, span_at(at, len));
	free(at);
	return code;
}
