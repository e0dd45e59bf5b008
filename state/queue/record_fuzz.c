/* What is parsed is written again as it was: a record has one form. */
#include "lib/base/fuzz.h"
#include "state/queue/record.h"

static uint8_t room[1u << 16];

static void
check_message(struct span in)
{
	struct buf b = BUF(room);
	struct message_record m;

	if (message_record_parse(in, &m))
		return;
	MUST(m.count > 0 && m.count <= QUEUE_RCPTS_MAX);
	MUST(put_message_record(&b, &m));
	MUST(span_equals(buf_view(&b), in));
}

static void
check_state(struct span in)
{
	struct buf b = BUF(room);
	struct state_record s;

	if (state_record_parse(in, &s))
		return;
	MUST(put_state_record(&b, &s));
	MUST(span_equals(buf_view(&b), in));
}

static void
check_ids(struct span in, uint16_t type)
{
	struct buf b = BUF(room);
	struct ids_record r;

	if (ids_record_parse(in, type, &r))
		return;
	MUST(put_ids_record(&b, type, &r));
	MUST(span_equals(buf_view(&b), in));
}

FUZZ(struct span input)
{
	if (input.len > sizeof room)
		return;
	check_message(input);
	check_state(input);
	check_ids(input, QUEUE_DONE);
	check_ids(input, QUEUE_ROUTED);
}
