/* What decodes is the one text of its value, and every value comes back. */
#include "lib/base/base64.h"
#include "lib/base/fuzz.h"

FUZZ(struct span input)
{
	static uint8_t text[16384], value[16384];
	struct buf t = BUF(text), v = BUF(value);

	if (base64_decode(input, &v) == OK) {
		MUST(put_base64(&t, buf_view(&v)));
		MUST(span_equals(buf_view(&t), input));
	}
	buf_clear(&t);
	buf_clear(&v);
	MUST(put_base64(&t, input));
	MUST(t.len == BASE64_LENGTH(input.len));
	MUST(base64_decode(buf_view(&t), &v) == OK);
	MUST(span_equals(buf_view(&v), input));
}
