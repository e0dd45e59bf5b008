#include "state/queue/record.h"

#include "lib/base/codec.h"
#include "lib/mail/notify.h"

bool
put_message_record(struct buf *b, const struct message_record *m)
{
	return put_u64(b, m->session) && put_u64(b, (uint64_t)m->arrived_us) &&
		put_u32(b, m->account) && put_u32(b, m->count) &&
		put_u8(b, m->eight_bit) && put_u8(b, m->utf8) &&
		put_u8(b, m->ret) && put_block(b, m->sender) &&
		put_block(b, m->envid) && buf_put(b, m->rcpts);
}

bool
put_rcpt_record(struct buf *b, const struct rcpt_record *r)
{
	size_t before = b->len;

	if (put_block(b, r->address) && put_u8(b, r->notify) &&
		put_block(b, r->orcpt))
		return true;
	b->len = before;
	return false;
}

bool
take_rcpt_record(struct span *in, struct rcpt_record *out)
{
	return take_block(in, &out->address) && take_u8(in, &out->notify) &&
		take_block(in, &out->orcpt) && out->address.len > 0 &&
		out->notify <= NOTIFY_ALL && out->orcpt.len <= ORCPT_MAX &&
		!span_has_control(out->address) &&
		!span_has_control(out->orcpt);
}

static bool
are_rcpts(struct span s, uint32_t count)
{
	struct rcpt_record r;

	while (count > 0 && take_rcpt_record(&s, &r))
		count--;
	return count == 0 && s.len == 0;
}

FALLIBLE
message_record_parse(struct span in, struct message_record *out)
{
	struct message_record m;
	uint64_t arrived;
	uint8_t eight_bit, utf8;

	if (!take_u64(&in, &m.session) || !take_u64(&in, &arrived) ||
		!take_u32(&in, &m.account) || !take_u32(&in, &m.count) ||
		!take_u8(&in, &eight_bit) || !take_u8(&in, &utf8) ||
		!take_u8(&in, &m.ret) || !take_block(&in, &m.sender) ||
		!take_block(&in, &m.envid) || eight_bit > 1 || utf8 > 1 ||
		m.ret > RETURN_MAX || m.envid.len > ENVID_MAX ||
		span_has_control(m.sender) || span_has_control(m.envid) ||
		m.count == 0 ||
		m.count > QUEUE_RCPTS_MAX || !are_rcpts(in, m.count))
		return &fault_record_damaged;
	m.arrived_us = (int64_t)arrived;
	m.eight_bit = eight_bit;
	m.utf8 = utf8;
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
		s.state > RCPT_RELAYED || s.enhanced.len > 11 ||
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
