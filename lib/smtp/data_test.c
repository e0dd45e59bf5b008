#include "lib/smtp/data.h"

#include "lib/base/buf.h"
#include "lib/base/test.h"

struct outcome {
	const struct fault *fault;
	bool over;
	struct span rest;
};

/* Read `in` to its end, appending the message. */
static struct outcome
drain(struct data_reader *r, struct span in, struct buf *message)
{
	struct outcome o = { .rest = in };

	while (o.rest.len > 0 && !o.fault && !o.over) {
		struct span piece = SPAN_NONE;

		o.fault = data_next(r, &o.rest, &piece, &o.over);
		CHECK(o.fault || buf_put(message, piece));
	}
	return o;
}

static const struct {
	const char *what;
	struct span in;
	const char *message, *rest;
	const struct fault *fault;
	bool over;
} cases[] = {
	{ "an empty message", SPAN(".\r\n"), "", "", OK, true },
	{ "one line", SPAN("a\r\n.\r\n"), "a\r\n", "", OK, true },
	{ "an empty line", SPAN("\r\n.\r\n"), "\r\n", "", OK, true },
	{ "commands follow", SPAN("a\r\n.\r\nQUIT\r\n"), "a\r\n", "QUIT\r\n",
		OK, true },
	{ "a doubled dot is one", SPAN("..\r\n.\r\n"), ".\r\n", "", OK, true },
	{ "the dot before text goes", SPAN(".a\r\n.\r\n"), "a\r\n", "", OK,
		true },
	{ "a dot within a line stays", SPAN("a.\r\n.\r\n"), "a.\r\n", "", OK,
		true },
	{ "a dot and a blank do not end", SPAN(". \r\n.\r\n"), " \r\n", "", OK,
		true },
	{ "dots in line after line", SPAN("..a\r\n...b\r\n.\r\n"),
		".a\r\n..b\r\n", "", OK, true },
	{ "not over", SPAN("a\r\n"), "a\r\n", "", OK, false },
	{ "not over after the dot", SPAN("a\r\n."), "a\r\n", "", OK, false },
	{ "not over after the CR", SPAN("a\r\n.\r"), "a\r\n", "", OK, false },
	{ "8-bit octets pass", SPAN("\xff\x80\r\n.\r\n"), "\xff\x80\r\n", "",
		OK, true },
	{ "other controls pass", SPAN("\x01\x7f\t\r\n.\r\n"),
		"\x01\x7f\t\r\n", "", OK, true },
	{ "LF dot CRLF", SPAN("a\n.\r\n"), NULL, NULL, &fault_line_bare_lf, false },
	{ "LF dot LF", SPAN("a\n.\n"), NULL, NULL, &fault_line_bare_lf, false },
	{ "CRLF dot LF", SPAN("a\r\n.\n"), NULL, NULL, &fault_line_bare_lf, false },
	{ "CRLF dot CR", SPAN("a\r\n.\rb"), NULL, NULL, &fault_line_bare_cr, false },
	{ "CR dot CR", SPAN("a\r.\r"), NULL, NULL, &fault_line_bare_cr, false },
	{ "CR dot CRLF", SPAN("a\r.\r\n"), NULL, NULL, &fault_line_bare_cr, false },
	{ "CR CRLF", SPAN("a\r\r\n.\r\n"), NULL, NULL, &fault_line_bare_cr, false },
	{ "CR NUL LF", SPAN("a\r\0\n"), NULL, NULL, &fault_line_bare_cr, false },
	{ "an LF first", SPAN("\na"), NULL, NULL, &fault_line_bare_lf, false },
	{ "NUL", SPAN("a\0b\r\n.\r\n"), NULL, NULL, &fault_line_control, false },
	{ "NUL behind a dot", SPAN(".\0\r\n"), NULL, NULL,
		&fault_line_control, false },
	{ "NUL, then LF: the first counts", SPAN("\0\n"), NULL, NULL,
		&fault_line_control, false },
	{ "LF, then NUL: the first counts", SPAN("\n\0"), NULL, NULL,
		&fault_line_bare_lf, false },
};

TEST(data_next_finds_the_message_and_its_end)
{
	EACH_CASE(c, cases) {
		uint8_t storage[64];
		struct buf message = BUF(storage);
		struct data_reader r;
		struct outcome o;

		data_reader_init(&r);
		o = drain(&r, c->in, &message);
		CHECK_FAULT(o.fault, c->fault);
		CHECK(o.over == c->over);
		if (c->fault)
			continue;
		CHECK_SPAN(buf_view(&message), c->message);
		CHECK_SPAN(o.rest, c->rest);
	}
}

TEST(data_next_does_not_care_where_the_network_cuts)
{
	EACH_CASE(c, cases) {
		for (size_t cut = 1; cut < c->in.len; cut++) {
			uint8_t storage[64];
			struct buf message = BUF(storage);
			struct span rest = c->in;
			struct span head = span_shift_upto(&rest, cut);
			struct data_reader r;
			struct outcome o;

			data_reader_init(&r);
			o = drain(&r, head, &message);
			if (!o.fault && !o.over)
				o = drain(&r, rest, &message);
			CHECK_FAULT(o.fault, c->fault);
			CHECK(o.over == c->over);
			if (!c->fault)
				CHECK_SPAN(buf_view(&message), c->message);
		}
	}
}

static const struct {
	const char *what;
	size_t len;
	struct span end;
	const struct fault *fault;
} lengths[] = {
	{ "the longest line", DATA_LINE_MAX, SPAN("\r\n"), OK },
	{ "one octet more", DATA_LINE_MAX + 1, SPAN("\r\n"),
		&fault_line_too_long },
	{ "one octet more, and no end", DATA_LINE_MAX + 1, SPAN(""),
		&fault_line_too_long },
	{ "too long before the LF", DATA_LINE_MAX + 1, SPAN("\n"),
		&fault_line_too_long },
	{ "an LF just where it is full", DATA_LINE_MAX, SPAN("\n"),
		&fault_line_bare_lf },
};

TEST(data_next_bounds_a_line)
{
	static uint8_t octets[DATA_LINE_MAX + 8], storage[DATA_LINE_MAX + 8];

	EACH_CASE(c, lengths) {
		for (size_t step = 1; step <= sizeof octets; step *= 7) {
			struct buf in = BUF(octets), message = BUF(storage);
			struct outcome o = { 0 };
			struct span rest;
			struct data_reader r;

			memset(octets, 'a', c->len);
			in.len = c->len;
			CHECK(buf_put(&in, c->end));
			data_reader_init(&r);
			rest = buf_view(&in);
			while (rest.len > 0 && !o.fault)
				o = drain(&r, span_shift_upto(&rest, step),
					&message);
			CHECK_FAULT(o.fault, c->fault);
		}
	}
}
