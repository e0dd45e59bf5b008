#include "lib/mime/decode.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	enum part_encoding encoding;
	const char *in, *out;
} cases[] = {
	{ "8bit", ENCODING_8BIT, "a=3D\r\n", "a=3D\r\n" },
	{ "base64", ENCODING_BASE64, "Zm9v\r\nYmFy", "foobar" },
	{ "base64 padded", ENCODING_BASE64, "Zg==Zm8=", "ffo" },
	{ "base64 with octets that are no digits", ENCODING_BASE64, "Z.m-9#v",
	  "foo" },
	{ "qp", ENCODING_QP, "a=3Db=c3=A4", "a=b\303\244" },
	{ "qp soft line end", ENCODING_QP, "a=\r\nb=\nc", "abc" },
	{ "MI-D20 no digits", ENCODING_QP, "=ZZ", "=ZZ" },
	{ "MI-D20 three digits", ENCODING_QP, "=0x58", "=0x58" },
	{ "MI-D20 one digit", ENCODING_QP, "=5 a", "=5 a" },
	{ "MI-D20 at the end", ENCODING_QP, "a=", "a=" },
	{ "two equals signs", ENCODING_QP, "==41", "=A" },
	{ "escape broken by an escape", ENCODING_QP, "=4=41", "=4A" },
	{ "CR alone", ENCODING_QP, "=\ra", "=\ra" },
};

TEST(decode_takes_any_piece)
{
	uint8_t storage[64];

	EACH_CASE(c, cases)
		for (size_t piece = 1; piece < 8; piece++) {
			struct span in = span_of(c->in);
			struct buf b = BUF(storage);
			struct decoder d;

			decoder_init(&d, c->encoding);
			while (in.len > 0) {
				struct span part = span_shift_upto(&in, piece);

				decode(&d, &part, &b);
				CHECK_NUMBER(part.len, 0);
			}
			decode_end(&d, &b);
			CHECK_SPAN(buf_view(&b), c->out);
		}
}

static const struct {
	const char *what, *value, *out;
} words[] = {
	{ "plain", "a b", "a b" },
	{ "fold", "a\r\n b", "a b" },
	{ "q", "=?utf-8?q?=C3=A4_b?=", "\303\244 b" },
	{ "b", "=?UTF-8?B?w6Q=?=", "\303\244" },
	{ "latin 1", "=?iso-8859-1?Q?=E4?=", "\303\244" },
	{ "two are one", "=?utf-8?q?a?= \r\n =?utf-8?q?b?=", "ab" },
	{ "text between", "=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b" },
	{ "text in front", "x =?utf-8?q?a?=", "x a" },
	{ "language", "=?utf-8*de?q?a?=", "a" },
	{ "unknown charset", "=?koi8-r?q?a?=", "=?koi8-r?q?a?=" },
	{ "unknown encoding", "=?utf-8?x?a?=", "=?utf-8?x?a?=" },
	{ "not closed", "=?utf-8?q?a", "=?utf-8?q?a" },
	{ "a blank inside", "=?utf-8?q?a b?=", "=?utf-8?q?a b?=" },
};

TEST(put_words_reads_encoded_words)
{
	uint8_t storage[64];

	EACH_CASE(c, words) {
		struct buf b = BUF(storage);

		CHECK(put_words(&b, span_of(c->value)));
		CHECK_SPAN(buf_view(&b), c->out);
		b = (struct buf){ storage, 0, strlen(c->out) - 1 };
		CHECK(!put_words(&b, span_of(c->value)));
		CHECK_NUMBER(b.len, 0);
	}
}
