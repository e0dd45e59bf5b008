#include "lib/smtp/stuff.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	struct span message;
	const char *data;
} cases[] = {
	{ "nothing", SPAN(""), ".\r\n" },
	{ "a line", SPAN("a\r\n"), "a\r\n.\r\n" },
	{ "a dot", SPAN(".\r\n"), "..\r\n.\r\n" },
	{ "dots", SPAN("..\r\n.a\r\na.\r\n"), "...\r\n..a\r\na.\r\n.\r\n" },
	{ "no line end", SPAN("a"), "a\r\n.\r\n" },
	{ "a dot and no line end", SPAN("."), "..\r\n.\r\n" },
};

static void
check_cut(struct span message, size_t step, const char *data)
{
	uint8_t storage[64];
	struct buf out = BUF(storage);
	struct stuffer s = { 0 };

	while (message.len > 0) {
		struct span part = span_shift_upto(&message, step);

		stuff(&s, &part, &out);
		CHECK_NUMBER(part.len, 0);
	}
	CHECK(stuff_end(&s, &out));
	CHECK_SPAN(buf_view(&out), data);
}

TEST(a_message_as_data)
{
	EACH_CASE(c, cases)
		for (size_t step = 1; step < 10; step++)
			check_cut(c->message, step, c->data);
}

TEST(stuff_takes_what_fits)
{
	uint8_t storage[4];
	struct buf out = BUF(storage);
	struct stuffer s = { 0 };
	struct span in = SPAN("a\r\n.b");

	test_row = "a dot and its double stay together";
	stuff(&s, &in, &out);
	CHECK_SPAN(buf_view(&out), "a\r\n");
	CHECK_SPAN(in, ".b");
	CHECK(!stuff_end(&s, &out));
	buf_clear(&out);
	stuff(&s, &in, &out);
	CHECK_SPAN(buf_view(&out), "..b");
	CHECK(!stuff_end(&s, &out));
}
