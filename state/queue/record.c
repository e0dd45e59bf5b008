#include "state/queue/record.h"

#include "lib/base/codec.h"

bool
put_message_record(struct buf *b, const struct message_record *m)
{
	return put_u64(b, m->session) && put_u64(b, (uint64_t)m->arrived_us) &&
		put_u32(b, m->account) && put_u32(b, m->count) &&
		put_u8(b, m->eight_bit) && put_block(b, m->sender) &&
		buf_put(b, m->rcpts);
}

static bool
are_blocks(struct span s, uint32_t count)
{
	struct span block;

	while (count > 0 && take_block(&s, &block) && block.len > 0)
		count--;
	return count == 0 && s.len == 0;
}

FALLIBLE
message_record_parse(struct span in, struct message_record *out)
{
	struct message_record m;
	uint64_t arrived;
	uint8_t eight_bit;

	if (!take_u64(&in, &m.session) || !take_u64(&in, &arrived) ||
		!take_u32(&in, &m.account) || !take_u32(&in, &m.count) ||
		!take_u8(&in, &eight_bit) || !take_block(&in, &m.sender) ||
		eight_bit > 1 || m.count == 0 || m.count > QUEUE_RCPTS_MAX ||
		!are_blocks(in, m.count))
		return &fault_record_damaged;
	m.arrived_us = (int64_t)arrived;
	m.eight_bit = eight_bit;
	m.rcpts = in;
	*out = m;
	return OK;
}

bool
put_state_record(struct buf *b, const struct state_record *s)
{
	return put_u64(b, s->id) && put_u64(b, (uint64_t)s->next_us) &&
		put_u32(b, s->rcpt) && put_u32(b, s->state) &&
		put_u32(b, s->attempts) && put_u16(b, s->code) &&
		put_block(b, s->enhanced) && put_block(b, s->text);
}

FALLIBLE
state_record_parse(struct span in, struct state_record *out)
{
	struct state_record s;
	uint64_t next;

	if (!take_u64(&in, &s.id) || !take_u64(&in, &next) ||
		!take_u32(&in, &s.rcpt) || !take_u32(&in, &s.state) ||
		!take_u32(&in, &s.attempts) || !take_u16(&in, &s.code) ||
		!take_block(&in, &s.enhanced) || !take_block(&in, &s.text) ||
		in.len > 0 || s.rcpt >= QUEUE_RCPTS_MAX ||
		s.state > RCPT_FAILED || s.enhanced.len > 11 ||
		s.text.len > QUEUE_TEXT_MAX)
		return &fault_record_damaged;
	s.next_us = (int64_t)next;
	*out = s;
	return OK;
}

bool
put_ids_record(struct buf *b, uint16_t type, const struct ids_record *r)
{
	if (type == QUEUE_ROUTED &&
		(!put_block(b, r->host) || !put_u16(b, r->port)))
		return false;
	return buf_put(b, r->ids);
}

FALLIBLE
ids_record_parse(struct span in, uint16_t type, struct ids_record *out)
{
	struct ids_record r = { 0 };

	if (type == QUEUE_ROUTED &&
		(!take_block(&in, &r.host) || !take_u16(&in, &r.port) ||
			r.host.len > QUEUE_HOST_MAX))
		return &fault_record_damaged;
	if (in.len == 0 || in.len % 8 > 0 || in.len > 8 * QUEUE_BATCH)
		return &fault_record_damaged;
	r.ids = in;
	*out = r;
	return OK;
}
