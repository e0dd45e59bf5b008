#include "lib/smtp/line.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	struct span in;
	const char *line, *rest;
	const struct fault *fault;
} cases[] = {
	{ "a line", SPAN("NOOP\r\n"), "NOOP", "", OK },
	{ "an empty line", SPAN("\r\nx"), "", "x", OK },
	{ "two lines, one taken", SPAN("a\r\nb\r\n"), "a", "b\r\n", OK },
	{ "no line yet", SPAN("NOOP"), NULL, "", OK },
	{ "no line yet: its CR only", SPAN("NOOP\r"), NULL, "", OK },
	{ "controls and 8-bit octets are the grammar's", SPAN("\x01\t\xff\r\n"),
		"\x01\t\xff", "", OK },
	{ "an LF alone", SPAN("a\nb\r\n"), NULL, NULL, &fault_line_bare_lf },
	{ "an LF first", SPAN("\n"), NULL, NULL, &fault_line_bare_lf },
	{ "a CR alone", SPAN("a\rb\r\n"), NULL, NULL, &fault_line_bare_cr },
	{ "CR CR LF", SPAN("a\r\r\n"), NULL, NULL, &fault_line_bare_cr },
	{ "CR NUL LF", SPAN("a\r\0\n"), NULL, NULL, &fault_line_bare_cr },
};

/* The first `cut` octets come alone. */
static const struct fault *
read_cut(struct line_reader *r, struct span in, size_t cut, struct span *rest,
	struct span *line)
{
	struct span head = span_shift_upto(&in, cut);
	const struct fault *f = line_next(r, &head, line);

	*rest = in;
	if (f || span_is_set(*line)) {
		*rest = (struct span){ head.at, head.len + in.len };
		return f;
	}
	return line_next(r, rest, line);
}

TEST(line_next_takes_one_line_wherever_the_network_cuts)
{
	EACH_CASE(c, cases) {
		for (size_t cut = 0; cut <= c->in.len; cut++) {
			struct line_reader r;
			struct span line, rest;

			line_reader_init(&r);
			CHECK_FAULT(read_cut(&r, c->in, cut, &rest, &line),
				c->fault);
			if (c->fault)
				continue;
			CHECK_SPAN(line, c->line);
			CHECK_SPAN(rest, c->rest);
		}
	}
}

TEST(line_next_bounds_a_line)
{
	static uint8_t octets[LINE_READ_MAX + 1];
	struct line_reader r;
	struct span in, line;

	test_row = "2,048 octets are kept, 12,286 read, one more is not";
	memset(octets, 'a', sizeof octets);
	line_reader_init(&r);
	in = span_at(octets, LINE_TEXT_MAX);
	CHECK_OK(line_next(&r, &in, &line));
	CHECK(!span_is_set(line));
	in = SPAN("\r\n");
	CHECK_OK(line_next(&r, &in, &line));
	CHECK_NUMBER(line.len, LINE_TEXT_MAX);
	CHECK_NUMBER(r.lost, 0);
	in = span_at(octets, LINE_READ_MAX);
	CHECK_OK(line_next(&r, &in, &line));
	in = SPAN("\r\n");
	CHECK_OK(line_next(&r, &in, &line));
	CHECK_NUMBER(line.len, LINE_TEXT_MAX);
	CHECK_NUMBER(r.lost, LINE_READ_MAX - LINE_TEXT_MAX);
	in = SPAN("a\r\n");
	CHECK_OK(line_next(&r, &in, &line));
	CHECK_SPAN(line, "a");
	CHECK_NUMBER(r.lost, 0);
	in = span_at(octets, sizeof octets);
	CHECK_FAULT(line_next(&r, &in, &line), &fault_line_too_long);
}
