#include "lib/base/number.h"
#include "lib/mail/address.h"
#include "lib/policy/reason.h"
#include "proc/queue/queue.h"

bool
order_is_sound(const struct queue_order *m)
{
	return m->sender_len <= sizeof m->sender &&
		m->rcpt_len <= sizeof m->rcpt &&
		m->reason_len <= sizeof m->reason &&
		m->host_len <= QUEUE_HOST_MAX;
}

static struct span
domain_of(struct span address)
{
	size_t at = address.len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	return span_at(address.at + at, address.len - at);
}

static bool
is_like(struct span address, struct span want)
{
	if (want.len == 0)
		return true;
	if (span_equals(want, SPAN("<>")))
		return address.len == 0;
	if (want.at[0] == '@')
		return span_equals_nocase(domain_of(address),
			span_at(want.at + 1, want.len - 1));
	return span_equals_nocase(address, want);
}

static bool
is_because(const struct queue_rcpt *r, struct span want)
{
	struct span text = span_at(r->text, r->text_len);
	enum reason reason = reason_of(r->code,
		span_of((const char *)r->enhanced), text);

	return want.len == 0 ||
		span_equals_nocase(want, span_of(reason_name(reason))) ||
		span_find_nocase(text, want) < text.len;
}

bool
filter_rcpt(const struct queue_order *m, const struct queued *q,
	const struct queue_rcpt *r, struct instant now)
{
	return (m->id == 0 || m->id == q->id) &&
		now.us - q->arrived_us >= m->age_us &&
		is_like(q->sender, span_at(m->sender, m->sender_len)) &&
		is_like(r->address, span_at(m->rcpt, m->rcpt_len)) &&
		is_because(r, span_at(m->reason, m->reason_len));
}

bool
filter_message(const struct queue_order *m, const struct queued *q,
	struct instant now)
{
	for (uint32_t i = 0; i < q->count; i++)
		if (filter_rcpt(m, q, &q->rcpts[i], now))
			return true;
	return false;
}
