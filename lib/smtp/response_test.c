#include "lib/smtp/response.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	struct span in;
	unsigned code; /* 0: none yet */
	const char *enhanced, *text, *rest;
	const struct fault *fault;
} cases[] = {
	{ "one line", SPAN("250 2.1.5 fine\r\n"), 250, "2.1.5", "fine", "",
		OK },
	{ "without a status code it has its class's", SPAN("550 no\r\n"), 550,
		"5.0.0", "no", "", OK },
	{ "a status code of another class is text",
		SPAN("450 5.1.1 no\r\n"), 450, "4.0.0", "5.1.1 no", "", OK },
	{ "a status code that does not end is text", SPAN("550 5.1.1x\r\n"),
		550, "5.0.0", "5.1.1x", "", OK },
	{ "no text", SPAN("250\r\n"), 250, "2.0.0", "", "", OK },
	{ "a blank and no text", SPAN("250 \r\n"), 250, "2.0.0", "", "", OK },
	{ "the last line counts", SPAN("250-a\r\n250-b\r\n250 c\r\n"), 250,
		"2.0.0", "c", "", OK },
	{ "another answer follows", SPAN("250 a\r\n550 b\r\n"), 250, "2.0.0",
		"a", "550 b\r\n", OK },
	{ "not all of it", SPAN("250-a\r\n250 "), 0, NULL, NULL, "", OK },
	{ "what is not printable is hidden",
		SPAN("550 a\tb\x1b[2J\xff\r\n"), 550, "5.0.0", "a?b?[2J?", "",
		OK },
	{ "codes that differ", SPAN("250-a\r\n550 b\r\n"), 0, NULL, NULL, NULL,
		&fault_response_syntax },
	{ "a status code alone", SPAN("5.7.2\r\n"), 0, NULL, NULL, NULL,
		&fault_response_syntax },
	{ "a code that is none", SPAN("999 x\r\n"), 0, NULL, NULL, NULL,
		&fault_response_syntax },
	{ "a preliminary code", SPAN("150 x\r\n"), 0, NULL, NULL, NULL,
		&fault_response_syntax },
	{ "four digits", SPAN("2500 x\r\n"), 0, NULL, NULL, NULL,
		&fault_response_syntax },
	{ "two digits", SPAN("25 x\r\n"), 0, NULL, NULL, NULL,
		&fault_response_syntax },
	{ "an empty line", SPAN("\r\n"), 0, NULL, NULL, NULL,
		&fault_response_syntax },
	{ "another separator", SPAN("250:x\r\n"), 0, NULL, NULL, NULL,
		&fault_response_syntax },
	{ "NUL before the code", SPAN("\0" "250 x\r\n"), 0, NULL, NULL, NULL,
		&fault_response_syntax },
	{ "NUL in the text", SPAN("250 a\0b\r\n"), 250, "2.0.0", "a?b", "",
		OK },
	{ "a CR alone", SPAN("250 a\rb\r\n"), 0, NULL, NULL, NULL,
		&fault_response_syntax },
	{ "an LF alone, as CVE-2020-8794 has it",
		SPAN("553-a\r\n553\n\ndispatcher: local_mail\r\n"), 0, NULL,
		NULL, NULL, &fault_response_syntax },
};

static void
check_text(const struct response *r, const char *enhanced, const char *text)
{
	CHECK_SPAN(span_of((const char *)r->enhanced), enhanced);
	CHECK_SPAN(span_at(r->text, r->text_len), text);
}

TEST(response_next_reads_one_answer)
{
	EACH_CASE(c, cases) {
		static struct response_reader r;
		struct response out;
		struct span in = c->in;
		bool done;

		response_reader_init(&r);
		CHECK_FAULT(response_next(&r, &in, NULL, NULL, &out, &done),
			c->fault);
		CHECK(done == (c->code > 0));
		if (c->rest)
			CHECK_SPAN(in, c->rest);
		if (!done)
			continue;
		CHECK_NUMBER(out.code, c->code);
		check_text(&out, c->enhanced, c->text);
	}
}

/* Give `line` up to `times`; the fault, and how often it was given. */
static const struct fault *
flood(struct span line, unsigned times, unsigned *given)
{
	static struct response_reader r;
	struct response out;
	bool done;

	response_reader_init(&r);
	for (*given = 0; *given < times; ++*given) {
		struct span in = line;

		TRY(response_next(&r, &in, NULL, NULL, &out, &done));
	}
	return OK;
}

TEST(a_server_that_does_not_stop_is_stopped)
{
	static uint8_t line[1000];
	struct buf b = BUF(line);
	unsigned given;

	test_row = "DN-D09, DN-D12: lines without end";
	CHECK_FAULT(flood(SPAN("250-X\r\n"), 1000, &given),
		&fault_response_limit);
	CHECK_NUMBER(given, RESPONSE_LINES);
	test_row = "a line without end";
	CHECK_FAULT(flood(SPAN("xxxxxxxx"), 1000, &given),
		&fault_response_syntax);
	CHECK_NUMBER(given, LINE_TEXT_MAX / 8);
	test_row = "lines that are too much together";
	memset(line, 'x', sizeof line);
	CHECK(buf_put_text(&b, "250-"));
	b.len = 998;
	CHECK(buf_put_text(&b, "\r\n"));
	CHECK_FAULT(flood(buf_view(&b), 1000, &given), &fault_response_limit);
	CHECK_NUMBER(given, RESPONSE_MAX / 1000);
}

TEST(a_long_text_is_cut)
{
	static struct response_reader r;
	static uint8_t line[1000];
	struct buf b = BUF(line);
	struct response out;
	struct span in;
	bool done;

	memset(line, 'x', sizeof line);
	CHECK(buf_put_text(&b, "550 5.1.1 "));
	b.len = 998;
	CHECK(buf_put_text(&b, "\r\n"));
	in = buf_view(&b);
	response_reader_init(&r);
	CHECK_OK(response_next(&r, &in, NULL, NULL, &out, &done));
	CHECK(done);
	CHECK_NUMBER(out.text_len, RESPONSE_TEXT);
}

TEST(an_answer_of_our_own)
{
	struct response r;

	response_make(&r, 451, "4.4.2", SPAN("Connection lost\r\n"));
	CHECK_NUMBER(r.code, 451);
	check_text(&r, "4.4.2", "Connection lost??");
}
