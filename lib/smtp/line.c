#include "lib/smtp/line.h"

void
line_reader_init(struct line_reader *r)
{
	r->text = BUF(r->storage);
	r->saw_cr = r->handed = false;
	r->lost = 0;
}

FALLIBLE
line_next(struct line_reader *r, struct span *in, struct span *line)
{
	*line = SPAN_NONE;
	if (r->handed) {
		buf_clear(&r->text);
		r->handed = false;
		r->lost = 0;
	}
	while (in->len > 0) {
		uint8_t c = span_shift(in);

		if (r->saw_cr != (c == '\n'))
			return r->saw_cr ? &fault_line_bare_cr
					 : &fault_line_bare_lf;
		if (c == '\n') {
			r->saw_cr = false;
			r->handed = true;
			*line = buf_view(&r->text);
			return OK;
		}
		r->saw_cr = c == '\r';
		if (!r->saw_cr && !buf_push(&r->text, c) &&
			++r->lost > LINE_READ_MAX - LINE_TEXT_MAX)
			return &fault_line_too_long;
	}
	return OK;
}
