/* However a body is cut, the same octets come out. */
#include "lib/base/fuzz.h"
#include "lib/mime/decode.h"

static uint8_t whole_storage[65536], parts_storage[65536];

static void
run(struct span in, enum part_encoding encoding, size_t piece, struct buf *out)
{
	struct decoder d;

	decoder_init(&d, encoding);
	while (in.len > 0) {
		struct span part = in;

		part = span_shift_upto(&part, piece);
		span_shift_upto(&in, part.len);
		decode(&d, &part, out);
		MUST(part.len == 0);
	}
	decode_end(&d, out);
}

FUZZ(struct span input)
{
	uint8_t how = input.len > 0 ? span_shift(&input) : 0;
	enum part_encoding encoding = how % 2 ? ENCODING_QP : ENCODING_BASE64;
	struct buf whole = BUF(whole_storage), parts = BUF(parts_storage);

	if (input.len > 60000)
		return;
	run(input, encoding, SIZE_MAX, &whole);
	run(input, encoding, 1 + how / 2, &parts);
	MUST(span_equals(buf_view(&whole), buf_view(&parts)));
	MUST(whole.len <= input.len);
	buf_clear(&parts);
	MUST(!put_words(&parts, input) || parts.len <= 2 * input.len);
}
