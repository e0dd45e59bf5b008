#include "lib/imap/frame.h"

#include "lib/base/number.h"

void
frame_init(struct frame *f, void *storage, size_t cap)
{
	*f = (struct frame){ .text = { storage, 0, cap } };
}

/* literal = "{" number ["+"] "}" at the end of the line */
static FALLIBLE
find_literal(struct frame *f, bool *found)
{
	static const bool inside[256] = { ['0' ... '9'] = true, ['+'] = true };
	struct span line = frame_text(f), digits;
	size_t open;

	*found = false;
	span_shift_upto(&line, f->line);
	if (line.len < 2 || line.at[line.len - 1] != '}')
		return OK;
	for (open = line.len - 1; open > 0 && inside[line.at[open - 1]];)
		open--;
	if (open == 0 || line.at[open - 1] != '{')
		return OK;
	digits = span_at(line.at + open, line.len - open - 1);
	f->sync = digits.len == 0 || digits.at[digits.len - 1] != '+';
	if (!f->sync)
		digits.len--;
	if (number_parse(digits, 0, UINT32_MAX, &f->literal))
		return &fault_imap_syntax;
	*found = f->waiting = true;
	return OK;
}

static FALLIBLE
end_line(struct frame *f, enum frame_event *event)
{
	bool literal;

	TRY(find_literal(f, &literal));
	*event = literal ? FRAME_LITERAL : FRAME_COMMAND;
	f->handed = !literal;
	return OK;
}

/* Octets of a literal go in without being looked at. */
static void
take_literal(struct frame *f, struct span *in)
{
	size_t n = f->literal < in->len ? (size_t)f->literal : in->len;

	buf_put(&f->text, span_shift_upto(in, n));
	f->literal -= n;
}

FALLIBLE
frame_next(struct frame *f, struct span *in, enum frame_event *event)
{
	*event = f->waiting ? FRAME_LITERAL : FRAME_MORE;
	if (f->waiting)
		return OK;
	if (f->handed) {
		buf_clear(&f->text);
		f->line = 0;
		f->handed = false;
	}
	take_literal(f, in);

	while (in->len > 0) {
		uint8_t c = span_shift(in);

		if (f->saw_cr != (c == '\n') || c == 0)
			return &fault_imap_line_ends;
		f->saw_cr = c == '\r';
		if (c == '\n')
			return end_line(f, event);
		if (c != '\r' && !buf_push(&f->text, c))
			return &fault_imap_too_big;
	}
	return OK;
}

FALLIBLE
frame_collect(struct frame *f)
{
	if (f->literal > LITERAL_MAX || buf_room(&f->text) < f->literal + 2)
		return &fault_imap_too_big;
	buf_put(&f->text, SPAN("\r\n"));
	f->line = f->text.len + (size_t)f->literal;
	f->waiting = false;
	return OK;
}

void
frame_leave(struct frame *f)
{
	f->waiting = false;
	f->literal = 0;
	f->line = f->text.len;
}

void
frame_skip(struct frame *f)
{
	frame_leave(f);
	f->handed = true;
}
