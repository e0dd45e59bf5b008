/* complete.c -- what the message of a user or a listed host lacks is added, and
 * what it needs of other servers is found out (RFC 6409 section 8, RFC 6531
 * section 3.2). */
#include "intake/intake.h"
#include "lib/policy/facts.h"
#include "lib/policy/sender.h"
#include "sys/clock.h"
#include "sys/log.h"

static bool
is_envelope_ascii(const struct transaction *t)
{
	if (!span_is_ascii(t->sender))
		return false;
	for (const struct rcpt *r = t->first; r; r = r->next)
		if (!span_is_ascii(r->address) || !span_is_ascii(r->orcpt))
			return false;
	return true;
}

static bool
put_missing(struct buf *b, const struct session *s,
	const struct header_facts *facts)
{
	if (!facts->has_date &&
		!(buf_put_text(b, "Date: ") &&
			put_date_rfc5322(b, clock_instant()) &&
			buf_put_text(b, "\r\n")))
		return false;
	return facts->has_id ||
		(buf_put_text(b, "Message-ID: <") && put_message_id(b, s) &&
			buf_push(b, '@') &&
			buf_put(b, SITE_TEXT(site_of(s->in->role)->host)) &&
			buf_put_text(b, ">\r\n"));
}

/* NC-2.1.7: without a sender only what answers for a delivery or a reading. */
static FALLIBLE
check_null_sender(const struct session *s, const struct header_facts *facts)
{
	if (s->txn.sender.len > 0 || facts->report)
		return OK;
	LOG(EV_SENDER_REFUSED, s->id, log_text(s->login.name),
		log_text(SPAN("<>")), log_text(SPAN("Content-Type")));
	return &fault_sender_not_owned;
}

FALLIBLE
complete_message(struct session *s)
{
	static uint8_t head[HEAD_NEEDED];
	uint8_t room[400];
	struct buf b = BUF(room);
	struct header_facts facts;
	size_t len;

	TRY(body_head(&s->txn.body, head, sizeof head, &len));
	facts = header_facts(span_at(head, len));
	s->txn.utf8 = s->txn.utf8 &&
		(facts.utf8 || !is_envelope_ascii(&s->txn));
	TRY(check_null_sender(s, &facts));
	if (facts.has_date && facts.has_id)
		return OK;
	if (!put_missing(&b, s, &facts))
		return &fault_sys_failed;
	return body_insert(&s->txn.body, facts.first, buf_view(&b));
}
