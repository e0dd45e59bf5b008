#include "lib/smtp/data.h"

#include "lib/base/must.h"

void
data_reader_init(struct data_reader *r)
{
	*r = (struct data_reader){ DATA_LINE_START, 0 };
}

/* The first octet that is at fault decides, wherever the network cuts.  `room`
 * octets more make the longest line. */
static FALLIBLE
check_text(struct span text, size_t room)
{
	size_t lf = span_find_octet(text, '\n');
	size_t bad = span_find_octet(span_at(text.at, lf), 0);

	if (bad < text.len && bad <= room)
		return bad == lf ? &fault_line_bare_lf : &fault_line_control;
	return text.len > room ? &fault_line_too_long : OK;
}

/* The rest of the line as far as it is here, up to and with its CR. */
static FALLIBLE
skip_text(struct data_reader *r, struct span *in)
{
	size_t cr = span_find_octet(*in, '\r');

	TRY(check_text(span_at(in->at, cr), DATA_LINE_MAX - r->line));
	r->line += cr;
	r->at = cr < in->len ? DATA_AFTER_CR : DATA_IN_LINE;
	span_shift_upto(in, cr < in->len ? cr + 1 : cr);
	return OK;
}

static FALLIBLE
take_lf(struct data_reader *r, struct span *in, enum data_at next)
{
	if (span_shift(in) != '\n')
		return &fault_line_bare_cr;
	r->line = 0;
	r->at = next;
	return OK;
}

FALLIBLE
data_check(struct data_reader *r, struct span in)
{
	while (in.len > 0)
		if (r->at == DATA_AFTER_CR)
			TRY(take_lf(r, &in, DATA_LINE_START));
		else
			TRY(skip_text(r, &in));
	return OK;
}

FALLIBLE
data_next(struct data_reader *r, struct span *in, struct span *piece,
	bool *over)
{
	struct span start = *in;

	*piece = SPAN_NONE;
	*over = false;
	MUST(r->at != DATA_OVER);
	while (in->len > 0) {
		switch (r->at) {
		case DATA_LINE_START:
			if (*in->at == '.') {
				*piece = span_before(start, *in);
				span_shift(in);
				r->at = DATA_AFTER_DOT;
				if (piece->len > 0)
					return OK;
				start = *in;
				break;
			}
			TRY(skip_text(r, in));
			break;
		case DATA_IN_LINE:
			TRY(skip_text(r, in));
			break;
		case DATA_AFTER_CR:
			TRY(take_lf(r, in, DATA_LINE_START));
			break;
		case DATA_AFTER_DOT:
			if (*in->at == '\r') {
				span_shift(in);
				r->at = DATA_AFTER_DOT_CR;
			} else {
				start = *in;
				TRY(skip_text(r, in));
			}
			break;
		case DATA_AFTER_DOT_CR:
			TRY(take_lf(r, in, DATA_OVER));
			*piece = span_at(NULL, 0);
			*over = true;
			return OK;
		case DATA_OVER:
			return OK;
		}
	}
	*piece = r->at == DATA_AFTER_DOT_CR || r->at == DATA_AFTER_DOT
		? span_at(NULL, 0)
		: span_before(start, *in);
	return OK;
}
