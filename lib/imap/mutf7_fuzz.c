/* A name has one spelling on each side: decode(encode(x)) = x for all UTF-8,
 * encode(decode(y)) = y for all that decode takes. */
#include "lib/base/fuzz.h"
#include "lib/imap/mutf7.h"

FUZZ(struct span input)
{
	uint8_t wire_storage[1024], name_storage[512], again_storage[1024];
	struct buf wire = BUF(wire_storage), name = BUF(name_storage);
	struct buf again = BUF(again_storage);

	if (input.len <= 255 && put_mutf7(&wire, input)) {
		MUST(mutf7_decode(buf_view(&wire), &name) == OK);
		MUST(span_equals(buf_view(&name), input));
	}
	buf_clear(&name);
	if (mutf7_decode(input, &name) == OK) {
		MUST(put_mutf7(&again, buf_view(&name)));
		MUST(span_equals(buf_view(&again), input));
	}
	buf_clear(&name);
	if (mailbox_name(input, &name) == OK) {
		MUST(name.len > 0 && name.len <= 255);
		MUST(!memchr(name.at, 0, name.len));
	}
}
