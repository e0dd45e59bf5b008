/* Encoded-words, RFC 2047 section 2. */
#include "lib/mime/decode.h"

#include "lib/base/number.h"

enum charset { UTF_8, LATIN_1 };

static const struct {
	struct span name;
	enum charset charset;
} charsets[] = {
	{ SPAN("utf-8"), UTF_8 },
	{ SPAN("us-ascii"), UTF_8 },
	{ SPAN("iso-8859-1"), LATIN_1 },
};

struct word {
	enum charset charset;
	bool base64;
	struct span text;
};

static const bool white[256] = {
	[' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true,
};

/* A run without "?" and blanks, then "?". */
static bool
take_field(struct span *in, struct span *out)
{
	size_t end = span_find_octet(*in, '?');
	struct span blank;

	*out = span_shift_upto(in, end);
	blank = *out;
	while (blank.len > 0)
		if (white[span_shift(&blank)])
			return false;
	return span_take(in, '?');
}

static bool
find_charset(struct span name, struct word *w)
{
	/* a language may follow, RFC 2231 section 5 */
	name.len = span_find_octet(name, '*');
	for (size_t i = 0; i < COUNT_OF(charsets); i++)
		if (span_equals_nocase(name, charsets[i].name)) {
			w->charset = charsets[i].charset;
			return true;
		}
	return false;
}

/* encoded-word = "=?" charset "?" encoding "?" encoded-text "?=" */
static bool
take_word(struct span *in, struct word *w)
{
	struct span rest = *in, charset, encoding;

	if (!span_take(&rest, '=') || !span_take(&rest, '?') ||
		!take_field(&rest, &charset) || !take_field(&rest, &encoding) ||
		!take_field(&rest, &w->text) || !span_take(&rest, '=') ||
		!find_charset(charset, w))
		return false;
	w->base64 = span_equals_nocase(encoding, SPAN("B"));
	if (!w->base64 && !span_equals_nocase(encoding, SPAN("Q")))
		return false;
	*in = rest;
	return true;
}

static bool
put_character(struct buf *b, enum charset charset, uint8_t c)
{
	if (charset == UTF_8 || c < 0x80)
		return buf_push(b, c);
	return buf_push(b, (uint8_t)(0xc0 | c >> 6)) &&
		buf_push(b, (uint8_t)(0x80 | (c & 0x3f)));
}

static bool
put_word(struct buf *b, const struct word *w)
{
	struct span in = w->text;
	struct decoder d;
	bool fits = true;

	decoder_init(&d, w->base64 ? ENCODING_BASE64 : ENCODING_QP);
	while (fits && in.len > 0) {
		uint8_t storage[16], c = in.at[0];
		struct buf out = BUF(storage);
		struct span one = span_shift_upto(&in, 1);

		if (c == '_' && !w->base64)
			one = SPAN(" ");
		decode(&d, &one, &out);
		if (in.len == 0)
			decode_end(&d, &out);
		for (size_t i = 0; fits && i < out.len; i++)
			fits = put_character(b, w->charset, storage[i]);
	}
	return fits;
}

bool
put_words(struct buf *b, struct span value)
{
	size_t start = b->len;
	bool fits = true, after_word = false;

	while (fits && value.len > 0) {
		struct span before = value, blank;
		struct word w;

		span_skip(&value, white);
		blank = span_before(before, value);
		if (value.len > 0 && value.at[0] == '=' &&
			take_word(&value, &w)) {
			/* blanks between two encoded-words do not count */
			fits = (after_word || blank.len == 0 ||
				buf_push(b, ' ')) && put_word(b, &w);
			after_word = true;
			continue;
		}
		fits = blank.len == 0 || buf_push(b, ' ');
		if (fits && value.len > 0)
			fits = buf_push(b, span_shift(&value));
		after_word = false;
	}
	if (!fits)
		b->len = start;
	return fits;
}
