/* What is read as a record is written as the same octets. */
#include "lib/base/fuzz.h"
#include "state/store/record.h"

FUZZ(struct span input)
{
	static uint8_t room[RECORD_MAX];
	struct buf out = BUF(room);
	struct record r;
	struct record_rcpt rcpt;
	uint32_t type;

	if (input.len == 0)
		return;
	type = span_shift(&input);
	if (record_parse(type, input, &r))
		return;
	MUST(put_record(&out, &r));
	MUST(span_equals(buf_view(&out), input));
	buf_clear(&out);
	for (struct span rest = r.rcpts; rcpt_take(&rest, &rcpt);)
		MUST(put_rcpt(&out, &rcpt));
	MUST(span_equals(buf_view(&out), r.rcpts));
}
