#include "lib/mime/tree.h"

#include "lib/base/test.h"

static struct part parts[TREE_PARTS];

static struct tree
read_text(struct span text)
{
	struct tree t = { parts, 0, TREE_PARTS, 0 };

	tree_read(&t, text);
	return t;
}

#define MULTI(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\r\n"
#define MIME "MIME-Version: 1.0\r\n"

/* What must be seen in a message, bit by bit. */
static const struct {
	const char *what;
	struct span text;
	size_t len;     /* parts */
	uint32_t flags; /* all of them */
} cases[] = {
	{ "plain", SPAN("A: b\r\n\r\nc\r\n"), 1, 0 },
	{ "no body", SPAN("A: b\r\n"), 1, PART_HEADER_OPEN },
	{ "nothing", SPAN(""), 1, PART_HEADER_OPEN },
	{ "two parts", SPAN(MIME MULTI("x") "\r\n--x\r\n\r\na\r\n--x\r\n\r\nb\r\n"
		"--x--\r\n"), 3, 0 },
	{ "MI-D01 encoding twice", SPAN(MIME
		"Content-Transfer-Encoding: base64\r\n"
		"Content-Transfer-Encoding: 7bit\r\n\r\n"), 1,
	  PART_ENCODING_TWICE },
	{ "MI-D02 two encodings", SPAN(MIME
		"Content-Transfer-Encoding: base64, 7bit\r\n\r\n"), 1,
	  PART_ENCODING_SYNTAX },
	{ "MI-D03 unknown encoding", SPAN(MIME
		"Content-Transfer-Encoding: base645\r\n\r\n"), 1,
	  PART_ENCODING_UNKNOWN },
	{ "MI-D04 comment in the encoding", SPAN(MIME
		"Content-Transfer-Encoding: (7bit) base64 (c)\r\n\r\n"), 1, 0 },
	{ "MI-D04 comment that does not close", SPAN(MIME
		"Content-Transfer-Encoding: base64 (c\r\n\r\n"), 1,
	  PART_ENCODING_SYNTAX },
	{ "MI-D05 blank before the colon", SPAN(MIME
		"Content-Transfer-Encoding : base64\r\n\r\n"), 1,
	  PART_HEADER_BLANK },
	{ "MI-D06 NUL in the encoding", SPAN(MIME
		"Content-Transfer-Encoding: base\00064\r\n\r\n"), 1,
	  PART_NUL | PART_ENCODING_SYNTAX | PART_ENCODING_UNKNOWN },
	{ "MI-D07 fold before the encoding", SPAN(MIME
		"Content-Transfer-Encoding:\r\n base64\r\n\r\n"), 1, 0 },
	{ "MI-D07 fold within the encoding", SPAN(MIME
		"Content-Transfer-Encoding: ba\r\n se64\r\n\r\n"), 1,
	  PART_ENCODING_SYNTAX | PART_ENCODING_UNKNOWN },
	{ "MI-D08 encoded word for an encoding", SPAN(MIME
		"Content-Transfer-Encoding: =?utf-8?Q?base64?=\r\n\r\n"), 1,
	  PART_ENCODING_SYNTAX | PART_ENCODING_UNKNOWN },
	{ "MI-D09 type twice", SPAN(MIME MULTI("x")
		"Content-Type: text/plain\r\n\r\n--x\r\n\r\n--x--\r\n"), 2,
	  PART_TYPE_TWICE },
	{ "type that is none", SPAN(MIME "Content-Type: text\r\n\r\n"), 1,
	  PART_TYPE_SYNTAX },
	{ "MI-D11 boundary twice", SPAN(MIME
		"Content-Type: multipart/mixed; boundary=x; boundary=y\r\n\r\n"
		"--x\r\n\r\n--x--\r\n"), 2, PART_PARAM_TWICE },
	{ "MI-D12 quote that does not close", SPAN(MIME
		MULTI("\"x") "\r\n--x\r\n\r\n--x--\r\n"), 1,
	  PART_PARAM_SYNTAX | PART_BOUNDARY_MISSING },
	{ "MI-D13 empty boundary", SPAN(MIME
		MULTI("\"\"") "\r\n--\r\n\r\n----\r\n"), 1,
	  PART_BOUNDARY_SYNTAX },
	{ "MI-D14 boundary of 71 octets", SPAN(MIME
		MULTI("12345678901234567890123456789012345678901234567890"
		      "123456789012345678901") "\r\n"), 1,
	  PART_BOUNDARY_SYNTAX },
	{ "MI-D15 no closing delimiter", SPAN(MIME
		MULTI("x") "\r\n--x\r\n\r\na\r\n"), 2, PART_UNCLOSED },
	{ "MI-D15 epilogue", SPAN(MIME
		MULTI("x") "\r\n--x\r\n\r\na\r\n--x--\r\n\r\nmore\r\n"), 2,
	  PART_EPILOGUE },
	{ "MI-D15 a part in the epilogue", SPAN(MIME
		MULTI("x") "\r\n--x\r\n\r\na\r\n--x--\r\n--x\r\n\r\nb\r\n"), 2,
	  PART_EPILOGUE },
	{ "MI-D16 preamble", SPAN(MIME
		MULTI("x") "\r\nless\r\n--x\r\n\r\na\r\n--x--\r\n"), 2,
	  PART_PREAMBLE },
	{ "MI-D17 not a delimiter", SPAN(MIME
		MULTI("x") "\r\n--x\r\n\r\n--x--y\r\n--xx\r\n--x \t\r\n\r\n"
		"--x--\r\n"), 3, PART_DELIMITER_LIKE },
	{ "MI-D22 encoded multipart", SPAN(MIME
		"Content-Transfer-Encoding: base64\r\n" MULTI("x")
		"\r\n--x\r\n\r\n--x--\r\n"), 2, PART_ENCODED_COMPOSITE },
	{ "MI-D29 partial", SPAN(MIME "Content-Type: message/partial; id=a;"
		" number=1; total=2\r\n\r\n"), 1, PART_PARTIAL },
	{ "MI-D36 a line of a blank", SPAN(MIME " \r\nA: b\r\n\r\n"), 1, 0 },
	{ "MI-D37 no version", SPAN("Content-Type: text/html\r\n\r\n"), 1,
	  PART_NO_VERSION },
	{ "a line that is no field", SPAN("A: b\r\nno field\r\n\r\n"), 1,
	  PART_HEADER_STRAY },
	{ "bare LF", SPAN("A: b\r\n\r\nc\n"), 1, PART_LINE_ENDS },
	{ "bare CR", SPAN("A: b\r\n\r\nc\rd\r\n"), 1, PART_LINE_ENDS },
	{ "message in a message", SPAN(MIME "Content-Type: message/rfc822\r\n"
		"\r\nA: b\r\n\r\nc"), 2, 0 },
	{ "a digest has messages", SPAN(MIME
		"Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\n"
		"A: b\r\n\r\nc\r\n--x--\r\n"), 3, 0 },
	{ "inner boundary that begins as the outer", SPAN(MIME MULTI("x")
		"\r\n--x\r\n" MULTI("xy") "\r\n--xy\r\n\r\na\r\n--xy--\r\n"
		"\r\n--x--\r\n"), 3, 0 },
	{ "outer boundary ends the inner parts", SPAN(MIME MULTI("x")
		"\r\n--x\r\n" MULTI("y") "\r\n--y\r\n\r\na\r\n--x--\r\n"), 3,
	  PART_UNCLOSED },
};

TEST(tree_sees_what_is_ambiguous)
{
	EACH_CASE(c, cases) {
		struct tree t = read_text(c->text);

		CHECK_NUMBER(t.len, c->len);
		CHECK_NUMBER(t.flags, c->flags);
	}
}

static const struct {
	const char *what, *text, *body;
	size_t part;
	uint32_t lines;
} bodies[] = {
	{ "the whole body", "A: b\r\n\r\nc\r\nd", "c\r\nd", 0, 2 },
	{ "empty", "A: b\r\n\r\n", "", 0, 0 },
	{ "the line end belongs to the delimiter",
	  MULTI("x") "\r\n--x\r\n\r\na\r\n--x--\r\n", "a", 1, 1 },
	{ "but only one", MULTI("x") "\r\n--x\r\n\r\na\r\n\r\n--x--\r\n",
	  "a\r\n", 1, 1 },
	{ "an empty part", MULTI("x") "\r\n--x\r\n\r\n--x--\r\n", "", 1, 0 },
	{ "a part without body", MULTI("x") "\r\n--x\r\nA: b\r\n--x--\r\n", "",
	  1, 0 },
	{ "the delimiter behind a header",
	  MULTI("x") "\r\n--x\r\n--x\r\n\r\nb\r\n--x--", "b", 2, 1 },
	{ "a message in a part", MULTI("x") "\r\n--x\r\nContent-Type:"
		" message/rfc822\r\n\r\nA: b\r\n\r\nc\r\n--x--\r\n", "c", 2, 1 },
	{ "pairs in the boundary", MULTI("\"\\x\"") "\r\n--x\r\n\r\na\r\n--x--",
	  "a", 1, 1 },
};

TEST(tree_cuts_bodies)
{
	EACH_CASE(c, bodies) {
		struct tree t = read_text(span_of(c->text));
		const struct part *p = &t.part[c->part];

		CHECK(c->part < t.len);
		CHECK_SPAN(span_at(c->text + p->body_at, p->body_len),
			c->body);
		CHECK_NUMBER(p->lines, c->lines);
	}
}

/* MI-D27, MI-D28: behind the limits is one leaf. */
TEST(tree_is_bounded)
{
	static uint8_t storage[1 << 20];
	struct buf b = BUF(storage);
	struct tree t;

	while (buf_put_text(&b, "Content-Type: message/rfc822\r\n\r\n"))
		;
	t = read_text(buf_view(&b));
	CHECK_NUMBER(t.len, TREE_DEPTH + 1);
	CHECK(t.flags & PART_TOO_DEEP);

	buf_clear(&b);
	buf_put_text(&b, MULTI("x") "\r\n");
	while (buf_put_text(&b, "--x\r\n\r\n"))
		;
	t = read_text(buf_view(&b));
	CHECK_NUMBER(t.len, TREE_PARTS);
	CHECK(t.flags & PART_TOO_MANY);

	buf_clear(&b);
	for (int i = 0; i < 10000; i++) {
		buf_put_text(&b, MULTI("b"));
		b.len -= 2;
		buf_put_number(&b, (uint64_t)i);
		buf_put_text(&b, "\r\n\r\n--b");
		buf_put_number(&b, (uint64_t)i);
		buf_put_text(&b, "\r\n");
	}
	t = read_text(buf_view(&b));
	CHECK_NUMBER(t.len, TREE_DEPTH + 1);
	CHECK(t.flags & PART_TOO_DEEP);
}

static const struct {
	const char *what, *value, *names;
	bool clean;
} params[] = {
	{ "two", "; a=b; c=\"d e\"", "a=b|c=d e|", true },
	{ "comments and folds", "(x) ;\r\n\ta (y) = (z) b (w)", "a=b|", true },
	{ "pairs", "; a=\"\\\"b\\\\\"", "a=\"b\\|", true },
	{ "empty places", ";; a=b;", "a=b|", true },
	{ "no equals sign", "; a", "", false },
	{ "no semicolon", "; a=b c=d", "a=b|", false },
	{ "no name", "; =b", "", false },
	{ "RFC 2231 is left alone", "; a*0=b; a*1=c", "a*0=b|a*1=c|", true },
};

TEST(param_next_reads_all)
{
	uint8_t storage[128];

	EACH_CASE(c, params) {
		struct span rest = span_of(c->value);
		struct buf b = BUF(storage);
		struct param p;
		bool clean = true;

		while (param_next(&rest, &p, &clean)) {
			buf_put(&b, p.name);
			buf_push(&b, '=');
			put_param_value(&b, &p);
			buf_push(&b, '|');
		}
		CHECK_SPAN(buf_view(&b), c->names);
		CHECK(clean == c->clean);
	}
}
