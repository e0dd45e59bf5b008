/* body.c -- the octets of a message: judged, looked through, copied. */
#include "lib/base/must.h"
#include "state/store/core.h"
#include "sys/memory.h"

static const struct fault *const outcomes[] = {
	[OUTCOME_NONE] = &fault_verdict_missing,
	[OUTCOME_CLEAN] = OK,
	[OUTCOME_INFECTED] = &fault_message_infected,
	[OUTCOME_UNSCANNABLE] = &fault_message_unscannable,
};

FALLIBLE
body_admit(const struct store *s, const struct store_message *m)
{
	const struct verdict *v = m->verdict;

	if (s->failed)
		return &fault_storage_failed;
	if (!s->has_key ||
		!mac_holds(&s->key, span_at(v, TOKEN_SIGNED(struct verdict)),
			v->mac))
		return &fault_verdict_missing;
	if (v->outcome > OUTCOME_UNSCANNABLE)
		return &fault_verdict_missing;
	if (outcomes[v->outcome])
		return outcomes[v->outcome];
	if (m->size == 0 || v->size != m->size)
		return &fault_verdict_mismatch;
	if (m->size > UINT32_MAX - PREFIX_MAX)
		return &fault_message_too_large;
	return journal_has_room(s->journal);
}

FALLIBLE
body_add_rcpt(struct store *s, const struct record_rcpt *r)
{
	return put_rcpt(&s->rcpts, r) ? OK : &fault_rcpt_too_many;
}

/* Memory that is not sealed may change at any time: it is copied once, and what
 * IMAP wants to know is worked out from the octets that are kept. */
FALLIBLE
body_write(struct store *s, const struct store_message *m, uint32_t count,
	uint64_t *lsn)
{
	OWNED(memory_close) struct memory body = MEMORY_CLOSED;
	struct record r = { .type = RECORD_MESSAGE,
		.count = count,
		.size = m->size,
		.idate_us = m->idate_us,
		.sha256 = span_at(m->verdict->sha256, 32),
		.rcpts = buf_view(&s->rcpts) };

	TRY(memory_of(m->fd, m->size, &body));
	index_make(span_at(body.at, m->size), &s->tree, &s->index);
	r.index = buf_view(&s->index);
	return store_write(s, &r, body.fd >= 0 ? body.fd : m->fd, lsn);
}
