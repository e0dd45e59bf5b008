/* However the octets are cut, the message, its end and the first fault are
 * those of a reader that takes one octet at a time and knows no shortcuts. */
#include "lib/smtp/data.h"

#include "lib/base/buf.h"
#include "lib/base/fuzz.h"

#define INPUT_MAX 65536

struct outcome {
	const struct fault *fault;
	bool over;
	size_t used;
	struct buf message;
};

/* RFC 5321 section 4.5.2 in words: a line is text and CRLF; the line "." ends;
 * of any other line that begins with a dot the dot goes. */
static void
read_plainly(struct span in, struct outcome *o)
{
	size_t begin = 0, line = 0;
	bool cr = false;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.at[i];
		bool dot = i == begin && c == '.';

		o->used = i + 1;
		if (cr != (c == '\n')) {
			o->fault = cr ? &fault_line_bare_cr
				      : &fault_line_bare_lf;
			return;
		}
		if (cr && i == begin + 2 && in.at[begin] == '.') {
			o->over = true;
			o->message.len--; /* its CR */
			return;
		}
		if (c == 0) {
			o->fault = &fault_line_control;
			return;
		}
		cr = c == '\r';
		if (c == '\n') {
			begin = i + 1;
			line = 0;
		} else if (!cr && !dot && ++line > DATA_LINE_MAX) {
			o->fault = &fault_line_too_long;
			return;
		}
		MUST(dot || buf_push(&o->message, c));
	}
}

/* Cuts are drawn from `seed`, 0: none. */
static void
read_in_pieces(struct span in, unsigned seed, struct outcome *o)
{
	struct data_reader r;
	struct span whole = in;

	data_reader_init(&r);
	while (in.len > 0 && !o->fault && !o->over) {
		size_t n = seed ? 1 + (seed >> 16) % 19 : in.len;
		struct span part = span_shift_upto(&in, n), head = part;

		seed = seed * 1103515245u + 12345u;
		while (part.len > 0 && !o->fault && !o->over) {
			struct span piece = SPAN_NONE;

			o->fault = data_next(&r, &part, &piece, &o->over);
			MUST(o->fault || span_is_set(piece));
			MUST(buf_put(&o->message, piece));
		}
		o->used += span_before(head, part).len;
	}
	MUST(o->used <= whole.len);
}

FUZZ(struct span input)
{
	static uint8_t storage[2][INPUT_MAX];
	struct outcome want = { .message = BUF(storage[0]) };

	if (input.len > INPUT_MAX)
		return;
	read_plainly(input, &want);
	for (unsigned seed = 0; seed < 3; seed++) {
		struct outcome got = { .message = BUF(storage[1]) };

		read_in_pieces(input, seed * 0x9e3779b9u, &got);
		MUST(got.fault == want.fault && got.over == want.over);
		if (got.fault)
			continue;
		MUST(got.used == want.used);
		if (want.over)
			MUST(span_equals(buf_view(&got.message),
				buf_view(&want.message)));
	}
}
