/* What is stuffed in any pieces into any room, data_next reads back. */
#include "lib/smtp/stuff.h"

#include "lib/base/fuzz.h"
#include "lib/smtp/data.h"

#define INPUT_MAX 8192

/* A message as it is accepted: whole lines, no NUL, no CR or LF alone.  The
 * input's LF stand for CRLF. */
static void
make_message(struct span in, struct buf *out)
{
	bool at_start = true;

	while (in.len > 0) {
		uint8_t c = span_shift(&in);

		at_start = c == '\n';
		if (at_start)
			MUST(buf_put_text(out, "\r\n"));
		else if (c != 0 && c != '\r')
			MUST(buf_push(out, c));
	}
	if (!at_start)
		MUST(buf_put_text(out, "\r\n"));
}

/* `room` octets of output at a time, at least 5 for the end. */
static void
put_data(struct span message, size_t step, size_t room, struct buf *out)
{
	struct stuffer s = { 0 };
	uint8_t piece[64];
	struct buf b = { piece, 0, room };

	while (message.len > 0) {
		struct span part = span_shift_upto(&message, step);

		while (part.len > 0) {
			stuff(&s, &part, &b);
			MUST(b.len > 0 && buf_put(out, buf_view(&b)));
			buf_clear(&b);
		}
	}
	MUST(stuff_end(&s, &b) && buf_put(out, buf_view(&b)));
}

static void
read_data(struct span data, struct buf *out)
{
	struct data_reader r;
	bool over = false;

	data_reader_init(&r);
	while (!over) {
		struct span piece;

		MUST(data.len > 0);
		MUST(!data_next(&r, &data, &piece, &over));
		MUST(buf_put(out, piece));
	}
	MUST(data.len == 0);
}

FUZZ(struct span input)
{
	static uint8_t storage[3][INPUT_MAX * 4];
	struct buf message = BUF(storage[0]);

	if (input.len > INPUT_MAX)
		return;
	make_message(input, &message);
	for (size_t n = 1; n < 64; n += 11) {
		struct buf data = BUF(storage[1]), back = BUF(storage[2]);

		put_data(buf_view(&message), n, n < 5 ? 64 : 69 - n,
			&data);
		read_data(buf_view(&data), &back);
		MUST(span_equals(buf_view(&back), buf_view(&message)));
	}
}
