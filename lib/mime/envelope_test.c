#include "lib/mime/envelope.h"

#include "lib/base/test.h"
#include "lib/mime/address_list.h"
#include "lib/mime/imap_text.h"
#include "lib/mime/index.h"

static const struct {
	const char *what;
	struct span value;
	unsigned mode;
	const char *want;
} strings[] = {
	{ "plain", SPAN("abc"), TEXT_PLAIN, "\"abc\"" },
	{ "empty", SPAN(""), TEXT_PLAIN, "\"\"" },
	{ "missing", { 0 }, TEXT_PLAIN, "NIL" },
	{ "specials", SPAN("a\"b\\c"), TEXT_PLAIN, "\"a\\\"b\\\\c\"" },
	{ "8 bit", SPAN("a\344"), TEXT_PLAIN, "{2}\r\na\344" },
	{ "line end", SPAN("a\r\n b"), TEXT_PLAIN, "{5}\r\na\r\n b" },
	{ "fold", SPAN("a\r\n b"), TEXT_UNFOLD, "\"a b\"" },
	{ "NUL", SPAN("a\0b"), TEXT_PLAIN, "\"a?b\"" },
	{ "quotes away", SPAN("\"a \\\" b\" c"), TEXT_UNQUOTE, "\"a \\\" b c\"" },
	{ "comments away", SPAN("a(b(c)d)e"), TEXT_UNCOMMENT, "\"ae\"" },
	{ "blanks away", SPAN("a \t b"), TEXT_SQUEEZE, "\"ab\"" },
};

TEST(put_nstring_is_legal)
{
	uint8_t storage[64];

	EACH_CASE(c, strings) {
		struct buf b = BUF(storage);
		struct span in, inner;

		CHECK(put_nstring(&b, c->value, c->mode, 60));
		CHECK_SPAN(buf_view(&b), c->want);
		in = buf_view(&b);
		CHECK(take_nstring(&in, &inner) && in.len == 0);
		buf_clear(&b);
		CHECK(put_nstring(&b, c->value, c->mode, 1));
		b = (struct buf){ storage, 0, 1 };
		CHECK(!put_nstring(&b, c->value, c->mode, 60));
		CHECK_NUMBER(b.len, 0);
	}
}

#define AB(name) "(" name " NIL \"a\" \"b.c\")"

static const struct {
	const char *what, *value, *want;
} lists[] = {
	{ "address only", "a@b.c", "(" AB("NIL") ")" },
	{ "angle", "<a@b.c>", "(" AB("NIL") ")" },
	{ "name", "A B <a@b.c>", "(" AB("\"A B\"") ")" },
	{ "quoted name", "\"B, A\" <a@b.c>", "(" AB("\"B, A\"") ")" },
	{ "pairs in it", "\"B \\\"A\" <a@b.c>", "(" AB("\"B \\\"A\"") ")" },
	{ "name in a comment", "a@b.c (A B)", "(" AB("\"A B\"") ")" },
	{ "comments inside", "a(x)@(y)b.c", "((\"y\" NIL \"a\" \"b.c\"))" },
	{ "two", "a@b.c, A <a@b.c>", "(" AB("NIL") AB("\"A\"") ")" },
	{ "fold", "A\r\n B <a@b.c>", "(" AB("\"A B\"") ")" },
	{ "route", "<@x,@y:a@b.c>", "((NIL \"@x,@y\" \"a\" \"b.c\"))" },
	{ "quoted local part", "\"a b\"@b.c", "((NIL NIL \"a b\" \"b.c\"))" },
	{ "two at signs", "a@x@b.c", "((NIL NIL \"a@x\" \"b.c\"))" },
	{ "no at sign", "root", "((NIL NIL \"root\" \"\"))" },
	{ "group", "g: a@b.c, <a@b.c>;",
	  "((NIL NIL \"g\" NIL)" AB("NIL") AB("NIL") "(NIL NIL NIL NIL))" },
	{ "empty group", "undisclosed:;",
	  "((NIL NIL \"undisclosed\" NIL)(NIL NIL NIL NIL))" },
	{ "group that does not end", "g: a@b.c",
	  "((NIL NIL \"g\" NIL)" AB("NIL") "(NIL NIL NIL NIL))" },
	{ "behind a group", "g:;, a@b.c",
	  "((NIL NIL \"g\" NIL)(NIL NIL NIL NIL)" AB("NIL") ")" },
	{ "a group in a group", "g: h: a@b.c;;",
	  "((NIL NIL \"g\" NIL)(NIL NIL \"h:a\" \"b.c\")(NIL NIL NIL NIL))" },
	{ "nothing", "", "NIL" },
	{ "commas", ", ,", "NIL" },
	{ "a comment", "(nobody)", "NIL" },
	{ "quote that does not end", "\"a <a@b.c>",
	  "((NIL NIL \"a <a\" \"b.c>\"))" },
	{ "angle that does not end", "A <a@b.c", "(" AB("\"A\"") ")" },
	{ "empty angle", "A <>", "((\"A\" NIL \"\" \"\"))" },
	{ "encoded word", "=?utf-8?q?=C3=A4?= <a@b.c>",
	  "(" AB("\"=?utf-8?q?=C3=A4?=\"") ")" },
};

TEST(put_address_list_reads_anything)
{
	uint8_t storage[512];

	EACH_CASE(c, lists) {
		struct buf b = BUF(storage);
		struct span in;

		CHECK(put_address_list(&b, span_of(c->value)));
		CHECK_SPAN(buf_view(&b), c->want);
		in = buf_view(&b);
		CHECK(take_value_imap(&in) && in.len == 0);
	}
}

/* IM-D11: what a field decodes to cannot leave its string. */
static const struct {
	const char *what, *header, *want;
} envelopes[] = {
	{ "nothing", "\r\n",
	  "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "specials", "Subject: a\"b\\\r\n\r\n",
	  "(NIL \"a\\\"b\\\\\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "octets of 8 bits", "Subject: \303\244\r\n\r\n",
	  "(NIL {2}\r\n\303\244 NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "sender stands for itself", "From: a@b.c\r\nSender: x@y\r\n\r\n",
	  "(NIL NIL (" AB("NIL") ") ((NIL NIL \"x\" \"y\")) (" AB("NIL")
	  ") NIL NIL NIL NIL NIL)" },
	{ "the first field counts", "Subject: a\r\nSUBJECT: b\r\n\r\n",
	  "(NIL \"a\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
};

TEST(put_envelope_is_legal)
{
	uint8_t storage[1024];

	EACH_CASE(c, envelopes) {
		struct buf b = BUF(storage);

		CHECK(put_envelope(&b, span_of(c->header)));
		CHECK_SPAN(buf_view(&b), c->want);
	}
}

static struct part parts[TREE_PARTS];
static uint8_t blob[INDEX_MAX];

static struct index
index_of(struct span message)
{
	struct tree t = { parts, 0, TREE_PARTS, 0 };
	struct buf b = BUF(blob);
	struct index x = { 0 };

	index_make(message, &t, &b);
	CHECK_OK(index_open(buf_view(&b), &x));
	return x;
}

static const struct {
	const char *what, *text, *want;
} structures[] = {
	{ "text", "\r\nab\r\n",
	  "(\"TEXT\" \"PLAIN\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 4 1"
	  " NIL NIL NIL NIL)" },
	{ "attachment", "Content-Type: image/png; name=\"a\\\"b\"\r\n"
		"Content-Disposition: attachment; filename=x\r\n"
		"Content-Transfer-Encoding: base64\r\nContent-ID: <1>\r\n\r\n",
	  "(\"IMAGE\" \"PNG\" (\"name\" \"a\\\"b\") \"<1>\" NIL \"BASE64\" 0"
	  " NIL (\"attachment\" (\"filename\" \"x\")) NIL NIL)" },
	{ "multipart without parts", "Content-Type: multipart/mixed;"
		" boundary=x\r\n\r\nab",
	  "(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"7BIT\" 2 NIL NIL"
	  " NIL NIL)" },
	{ "a part", "Content-Type: multipart/mixed; boundary=x\r\n\r\n"
		"--x\r\n\r\n--x--",
	  "((\"TEXT\" \"PLAIN\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 0 0"
	  " NIL NIL NIL NIL) \"MIXED\" (\"boundary\" \"x\") NIL NIL NIL)" },
	{ "a type that is none", "Content-Type: \"x\r\n\r\n",
	  "(\"TEXT\" \"PLAIN\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 0 0"
	  " NIL NIL NIL NIL)" },
};

TEST(put_structure_is_legal)
{
	EACH_CASE(c, structures) {
		struct index x = index_of(span_of(c->text));

		CHECK_SPAN(x.structure, c->want);
	}
}

/* IM-D15, IM-D16: what is too much is cut, in legal syntax. */
TEST(index_is_bounded)
{
	static uint8_t storage[1 << 20];
	struct buf b = BUF(storage);
	struct span in;
	struct index x;

	buf_put_text(&b, "To: ");
	while (b.len < sizeof storage / 2)
		buf_put_text(&b, "g: a@b.c, \"\\\"\\\\\" <a@b.c>, ");
	buf_put_text(&b, "\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n");
	while (buf_put_text(&b, "--x\r\nContent-Description: "
				"a description that is long\r\n\r\n"))
		;
	x = index_of(buf_view(&b));
	CHECK_NUMBER(x.parts, 1);
	CHECK(x.flags & PART_TOO_MANY);
	in = x.envelope;
	CHECK(take_value_imap(&in) && in.len == 0);
	CHECK(x.envelope.len <= ENVELOPE_MAX);
	in = x.structure;
	CHECK(take_value_imap(&in) && in.len == 0);
}

TEST(index_open_refuses_what_it_did_not_make)
{
	struct index x = index_of(SPAN("A: b\r\n\r\nc"));
	size_t len = (size_t)(x.structure.at + x.structure.len - blob);

	for (size_t n = 0; n < len; n++)
		CHECK_FAULT(index_open(span_at(blob, n), &x),
			&fault_record_damaged);
	blob[0] ^= 1;
	CHECK_FAULT(index_open(span_at(blob, len), &x), &fault_record_damaged);
	blob[0] ^= 1;
	blob[32] ^= 0x80; /* the root's header offset */
	blob[35] ^= 0x80;
	CHECK_FAULT(index_open(span_at(blob, len), &x), &fault_record_damaged);
}
