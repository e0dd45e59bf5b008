#include "lib/base/codec.h"
#include "lib/base/property.h"

/* What was put is what is taken, and nothing is left over. */
PROPERTY(codec_round_trip)
{
	uint8_t storage[32];
	struct buf b = BUF(storage);
	struct span in, block;
	ANY(uint8_t, a);
	ANY(uint16_t, c);
	ANY(uint32_t, d);
	ANY(uint64_t, e);
	uint8_t a2;
	uint16_t c2;
	uint32_t d2;
	uint64_t e2;

	MUST(put_u8(&b, a) && put_u16(&b, c) && put_u32(&b, d) &&
		put_u64(&b, e) && put_block(&b, span_at(&e, a % 9)));
	in = buf_view(&b);
	MUST(take_u8(&in, &a2) && take_u16(&in, &c2) && take_u32(&in, &d2) &&
		take_u64(&in, &e2) && take_block(&in, &block));
	MUST(a2 == a && c2 == c && d2 == d && e2 == e);
	MUST(span_equals(block, span_at(&e, a % 9)));
	MUST(in.len == 0);
}
