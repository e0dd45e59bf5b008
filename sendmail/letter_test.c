/* What programs write, and what becomes of it. */
#include "sendmail/sendmail.h"

#include <stdio.h>
#include <sysexits.h>

#include "lib/base/test.h"

static struct site site = { .host = "app1.agency.example",
	.sender = "app@agency.example",
	.max_message = 4096 };
static uint8_t text_room[4096], address_room[2048];

int
complain(int code, const char *what, struct span detail)
{
	printf("%s %.*s\n", what, (int)detail.len, (const char *)detail.at);
	return code;
}

static void
begin(struct letter *l)
{
	*l = (struct letter){ .site = &site,
		.name = SPAN("cron"),
		.text = BUF(text_room),
		.addresses = BUF(address_room) };
}

#define FROM "From: \"cron\" <app@agency.example>\r\n"

static const struct {
	const char *what;
	struct span in;
	bool dot_is_text;
	const char *out;
} texts[] = {
	{ "a header and a body", SPAN("From: a@b\nSubject: x\n\nhi\n"), false,
		"From: a@b\r\nSubject: x\r\n\r\nhi\r\n" },
	{ "lines of SMTP", SPAN("From: a@b\r\n\r\nhi\r\n"), false,
		"From: a@b\r\n\r\nhi\r\n" },
	{ "a From that is missing", SPAN("Subject: x\n\nhi\n"), false,
		"Subject: x\r\n" FROM "\r\nhi\r\n" },
	{ "text at once", SPAN("hi\nthere\n"), false,
		FROM "\r\nhi\r\nthere\r\n" },
	{ "text behind a header without an empty line",
		SPAN("Subject: x\nhi there\n"), false,
		"Subject: x\r\n" FROM "\r\nhi there\r\n" },
	{ "a line of a mailbox file", SPAN("From root Mon\nTo: a@b\n\nhi\n"),
		false, "To: a@b\r\n" FROM "\r\nhi\r\n" },
	{ "a fold", SPAN("Subject: x\n y\n\tz\n\n"), false,
		"Subject: x\r\n y\r\n\tz\r\n" FROM "\r\n" },
	{ "nothing", SPAN(""), false, FROM "\r\n" },
	{ "no last line end", SPAN("\nhi"), false, FROM "\r\nhi\r\n" },
	{ "a CR alone is a line end: progress", SPAN("\n1%\r2%\r\n"), false,
		FROM "\r\n1%\r\n2%\r\n" },
	{ "a dot ends it", SPAN("\na\n.\nb\n"), false, FROM "\r\na\r\n" },
	{ "unless it is text", SPAN("\na\n.\nb\n"), true,
		FROM "\r\na\r\n.\r\nb\r\n" },
	{ "a dot in a line is text", SPAN("\n.a\n..\n"), false,
		FROM "\r\n.a\r\n..\r\n" },
	{ "Bcc is secret, whoever names the recipients",
		SPAN("From: a@b\nBcc: c@d,\n e@f\nTo: g@h\n\n"), false,
		"From: a@b\r\nTo: g@h\r\n\r\n" },
	{ "NUL", SPAN("\na\0b\n"), false, FROM "\r\na?b\r\n" },
};

TEST(letter_take_makes_lines_and_a_header)
{
	EACH_CASE(c, texts) {
		static struct letter l;

		begin(&l);
		l.dot_is_text = c->dot_is_text;
		CHECK_NUMBER(letter_add_rcpts(&l, SPAN("x@y")), 0);
		CHECK_NUMBER(letter_take(&l, c->in), 0);
		CHECK_SPAN(buf_view(&l.text), c->out);
		CHECK_NUMBER(l.count, 1);
	}
}

static const struct {
	const char *what;
	bool inside;
	struct span list, in;
	int code;
	const char *rcpts; /* each before a blank */
} lists[] = {
	{ "one", false, SPAN("a@b"), SPAN(""), 0, "a@b " },
	{ "a user of this host", false, SPAN("root"), SPAN(""), 0,
		"root@app1.agency.example " },
	{ "several, with names", false, SPAN("A <a@b>, c@d (D), \"x, y\" <e@f>"),
		SPAN(""), 0, "a@b c@d e@f " },
	{ "the header is not read", false, SPAN("a@b"), SPAN("To: c@d\n\n"), 0,
		"a@b " },
	{ "of the header", true, SPAN(""),
		SPAN("To: a@b\nCc: root,\n c@d\nbcc: e@f\nReply-To: g@h\n\n"),
		0, "a@b root@app1.agency.example c@d e@f " },
	{ "of both", true, SPAN("x@y"), SPAN("To: a@b\n\n"), 0, "x@y a@b " },
	{ "a group", true, SPAN("x@y"), SPAN("To: none:;\n\n"), 0, "x@y " },
	{ "not behind the header", true, SPAN("x@y"), SPAN("\nTo: a@b\n"), 0,
		"x@y " },
	{ "nobody", true, SPAN(""), SPAN("Subject: x\n\n"), EX_USAGE, "" },
	{ "not an address", false, SPAN("a b@c"), SPAN(""), EX_NOUSER, "" },
	{ "not an address inside", true, SPAN(""), SPAN("To: <@b>\n\n"),
		EX_NOUSER, "" },
	{ "a line end in an address", false, SPAN("\"a\r\nb\"@c"), SPAN(""),
		EX_NOUSER, "" },
};

static struct span
rcpts_of(const struct letter *l, struct buf *b)
{
	for (size_t i = 0; i < l->count; i++)
		CHECK(buf_put(b, l->rcpts[i]) && buf_push(b, ' '));
	return buf_view(b);
}

TEST(letter_finds_its_recipients)
{
	EACH_CASE(c, lists) {
		static struct letter l;
		uint8_t room[256];
		struct buf found = BUF(room);
		int code;

		begin(&l);
		l.rcpts_inside = c->inside;
		code = letter_add_rcpts(&l, c->list);
		if (!code)
			code = letter_take(&l, c->in);
		CHECK_NUMBER(code, c->code);
		if (!code)
			CHECK_SPAN(rcpts_of(&l, &found), c->rcpts);
	}
}

TEST(letter_take_breaks_long_lines_and_knows_its_limit)
{
	static uint8_t line[5000];
	static struct letter l;

	memset(line, 'x', sizeof line);
	begin(&l);
	CHECK_NUMBER(letter_add_rcpts(&l, SPAN("x@y")), 0);
	CHECK_NUMBER(letter_take(&l, span_at(line, 1500)), 0);
	CHECK_NUMBER(l.text.len, strlen(FROM) + 2 + 1500 + 4);
	CHECK(span_find(buf_view(&l.text), SPAN("x\r\nx")) ==
		strlen(FROM) + 2 + 998 - 1);
	begin(&l);
	CHECK_NUMBER(letter_add_rcpts(&l, SPAN("x@y")), 0);
	CHECK_NUMBER(letter_take(&l, span_at(line, sizeof line)),
		EX_UNAVAILABLE);
}

TEST(letter_take_sees_8_bit_octets)
{
	static struct letter l;

	begin(&l);
	CHECK_NUMBER(letter_add_rcpts(&l, SPAN("x@y")), 0);
	CHECK_NUMBER(letter_take(&l, SPAN("\nabc\n")), 0);
	CHECK(!l.eight_bit);
	begin(&l);
	CHECK_NUMBER(letter_add_rcpts(&l, SPAN("x@y")), 0);
	CHECK_NUMBER(letter_take(&l, SPAN("\na\xe4\n")), 0);
	CHECK(l.eight_bit);
}
