#include "state/queue/queue.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/codec.h"
#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/mail/notify.h"
#include "lib/policy/reason.h"
#include "lib/sched/schedule.h"
#include "state/queue/core.h"
#include "sys/fd.h"

#define RCPTS_OCTETS \
	(QUEUE_RCPTS_MAX * (ADDRESS_MAX + 2 + 1 + WISH_ORCPT_MAX + 2))

static FALLIBLE
append(struct queue *q, uint16_t type, struct buf *b)
{
	return journal_append(q->journal, type, buf_view(b), NULL, NULL);
}

/* --- taking in ----------------------------------------------------------- */

/* The only way in: nobody but auth makes the one seal and nobody but scan the
 * other. */
static FALLIBLE
check_seals(const struct queue *q, const struct enqueue_open *m,
	struct instant now)
{
	const struct grant *g = &m->grant;
	const struct verdict *v = &m->verdict;

	if (!mac_holds(&q->setup.grants,
		    span_at(g, TOKEN_SIGNED(struct grant)), g->mac) ||
		g->kind >= GRANT_KINDS ||
		!(q->setup.kinds & GRANT_BIT(g->kind)) ||
		g->expires_us <= now.us ||
		g->session != m->head.session)
		return &fault_grant_missing;
	if (g->kind == GRANT_SASL && !q->setup.epochs->told)
		return &fault_ipc_closed;
	if (g->kind == GRANT_SASL &&
		epochs_ended(q->setup.epochs, g->account, g->epoch))
		return &fault_login_ended;
	if (!mac_holds(&q->setup.verdicts,
		    span_at(v, TOKEN_SIGNED(struct verdict)), v->mac) ||
		v->outcome != q->setup.outcome)
		return &fault_verdict_missing;
	return v->size == m->size ? OK : &fault_verdict_mismatch;
}

static FALLIBLE
describe(const struct enqueue_open *m, const struct rcpt_record *rcpts,
	struct buf *b, struct message_record *r)
{
	if (m->rcpts == 0 || m->rcpts > QUEUE_RCPTS_MAX ||
		m->sender_len > sizeof m->sender ||
		m->wish.envid_len > sizeof m->wish.envid ||
		m->wish.ret > RETURN_MAX)
		return &fault_ipc_malformed;
	for (uint32_t i = 0; i < m->rcpts; i++)
		if (!put_rcpt_record(b, &rcpts[i]))
			return &fault_queue_full;
	*r = (struct message_record){ .session = m->head.session,
		.arrived_us = m->arrived_us,
		.account = m->grant.account,
		.count = m->rcpts,
		.eight_bit = m->eight_bit,
		.utf8 = m->wish.utf8,
		.ret = m->wish.ret,
		.envid = span_at(m->wish.envid, m->wish.envid_len),
		.sender = span_at(m->sender, m->sender_len),
		.rcpts = buf_view(b) };
	return OK;
}

static FALLIBLE
make_room(struct queue *q)
{
	if (q->count >= q->setup.most)
		return &fault_queue_full;
	TRY(journal_has_room(q->journal));
	TRY(table_make_room(q));
	return plan_make_room(q);
}

FALLIBLE
queue_add(struct queue *q, const struct enqueue_open *m,
	const struct rcpt_record *rcpts, int body, struct instant now,
	struct queued **out)
{
	static uint8_t rcpts_room[RCPTS_OCTETS], head_room[RCPTS_OCTETS + 1024];
	struct buf list = BUF(rcpts_room), head = BUF(head_room);
	struct message_record record;
	struct queued *fresh;
	struct place place;
	uint8_t sha256[32];
	uint64_t lsn;
	const struct fault *f;

	TRY(check_seals(q, m, now));
	TRY(describe(m, rcpts, &list, &record));
	TRY(make_room(q));
	MUST(put_message_record(&head, &record));
	/* what the next start could not read must not be written */
	if (message_record_parse(buf_view(&head), &record))
		return &fault_ipc_malformed;
	TRY(journal_append_body(q->journal, QUEUE_MESSAGE, buf_view(&head),
		body, m->size, sha256, &lsn, &place));
	f = memcmp(sha256, m->verdict.sha256, sizeof sha256)
		? &fault_verdict_mismatch
		: message_new(&record, lsn, &fresh);
	if (f) {
		journal_undo(q->journal);
		return f;
	}
	fresh->size = m->size;
	fresh->place = place;
	journal_keep(q->journal, place);
	fresh->awaited = m->awaited;
	table_add(q, fresh);
	plan_add(q, fresh, now.us + (m->awaited ? QUEUE_AWAITED : 0));
	*out = fresh;
	return OK;
}

void
queue_keep(struct queue *q, struct queued *m)
{
	m->awaited = false;
	queue_put_back(q, m, (struct instant){ 0 });
}

FALLIBLE
queue_commit(struct queue *q)
{
	return journal_commit(q->journal);
}

static FALLIBLE
append_ids(struct queue *q, uint16_t type, struct queued *const *m, size_t n,
	struct ids_record r)
{
	static uint8_t ids_room[8 * QUEUE_BATCH],
		room[sizeof ids_room + QUEUE_HOST_MAX + 4];
	struct buf ids = BUF(ids_room), b = BUF(room);

	MUST(n > 0);
	for (size_t i = 0; i < n; i++)
		MUST(put_u64(&ids, m[i]->id));
	r.ids = buf_view(&ids);
	MUST(put_ids_record(&b, type, &r));
	return append(q, type, &b);
}

FALLIBLE
queue_remove(struct queue *q, struct queued *const *m, size_t n)
{
	TRY(append_ids(q, QUEUE_DONE, m, n, (struct ids_record){ 0 }));
	for (size_t i = 0; i < n; i++) {
		journal_release(q->journal, m[i]->place);
		plan_remove(q, m[i]);
		table_remove(q, m[i]);
		message_free(m[i]);
	}
	return OK;
}

/* --- the schedule -------------------------------------------------------- */

struct queued *
queue_due(struct queue *q, struct instant now)
{
	struct queued *m;

	if (q->planned == 0 || q->heap[0]->due_us > now.us)
		return NULL;
	m = q->heap[0];
	m->awaited = false; /* it waited long enough */
	plan_remove(q, m);
	return m;
}

void
queue_put_back(struct queue *q, struct queued *m, struct instant earliest)
{
	int64_t due = m->open > 0 ? plan_due(m) : earliest.us;

	plan_remove(q, m);
	if (!m->held)
		plan_add(q, m, due > earliest.us ? due : earliest.us);
}

struct instant
queue_wake(const struct queue *q)
{
	return (struct instant){ q->planned ? q->heap[0]->due_us : INT64_MAX };
}

/* --- results ------------------------------------------------------------- */

/* `s` is as it will be kept but for its state and time. */
static void
judge(const struct queue *q, const struct queued *m, struct state_record *s,
	bool reports, struct instant now)
{
	struct schedule schedule = { q->setup.schedule_us,
		q->setup.schedule_count, q->setup.expire_us };
	bool greylisted = reason_of(s->code, s->enhanced, s->text) ==
		REASON_GREYLISTED;

	if (s->code / 100 == 2) {
		s->state = reports ||
				!(m->rcpts[s->rcpt].notify & NOTIFY_SUCCESS)
			? RCPT_DONE
			: RCPT_RELAYED;
	} else if (s->code / 100 == 5 ||
		schedule_is_over(&schedule, (struct instant){ m->arrived_us },
			s->attempts, now)) {
		s->state = RCPT_FAILED;
	} else {
		s->state = RCPT_DEFERRED;
		s->next_us = (greylisted ? schedule_next_greylisted
					 : schedule_next)(&schedule,
			s->attempts, m->id, now)
				     .us;
	}
}

/* Relay reads what strangers say, so its word for it that nothing of this ends
 * a line is not enough. */
static struct span
clean(const uint8_t *at, size_t len, uint8_t *room)
{
	for (size_t i = 0; i < len; i++)
		room[i] = at[i] >= ' ' && at[i] <= '~' ? at[i] : '?';
	return span_at(room, len);
}

FALLIBLE
queue_result(struct queue *q, struct queued *m, uint32_t rcpt,
	const struct relay_result *result, struct instant now)
{
	const struct relay_reply *reply = &result->reply;
	uint8_t room[512], enhanced_room[12], text_room[QUEUE_TEXT_MAX];
	struct buf b = BUF(room);
	size_t enhanced = strnlen((const char *)reply->enhanced,
		sizeof reply->enhanced);
	struct state_record s = { .id = m->id,
		.rcpt = rcpt,
		.code = reply->code,
		.enhanced = clean(reply->enhanced,
			enhanced < 12 ? enhanced : 11, enhanced_room),
		.text = clean(reply->text,
			reply->text_len <= QUEUE_TEXT_MAX ? reply->text_len : 0,
			text_room) };

	if (rcpt >= m->count || m->rcpts[rcpt].state > RCPT_DEFERRED)
		return &fault_ipc_malformed;
	s.attempts = m->rcpts[rcpt].attempts + 1;
	judge(q, m, &s, result->reports, now);
	MUST(put_state_record(&b, &s));
	TRY(append(q, QUEUE_STATE, &b));
	return message_set_state(m, &s);
}

static void
set_held(struct queue *q, struct queued *m, bool held)
{
	if (m->held == held)
		return;
	m->held = held;
	if (held)
		plan_remove(q, m);
	else if (!m->at_work && !m->reporting)
		queue_put_back(q, m,
			(struct instant){ m->awaited ? m->due_us : 0 });
}

FALLIBLE
queue_hold(struct queue *q, struct queued *const *m, size_t n, bool held)
{
	TRY(append_ids(q, held ? QUEUE_HELD : QUEUE_RELEASED, m, n,
		(struct ids_record){ 0 }));
	for (size_t i = 0; i < n; i++)
		set_held(q, m[i], held);
	return OK;
}

FALLIBLE
queue_set_route(struct queue *q, struct queued *const *m, size_t n,
	struct span host, uint16_t port)
{
	if (host.len > QUEUE_HOST_MAX)
		return &fault_ipc_malformed;
	TRY(append_ids(q, QUEUE_ROUTED, m, n,
		(struct ids_record){ .host = host, .port = port }));
	for (size_t i = 0; i < n; i++)
		TRY(message_set_route(m[i], host, port));
	return OK;
}

FALLIBLE
queue_noticed(struct queue *q, struct queued *m)
{
	m->noticed = true;
	return append_ids(q, QUEUE_NOTICED, &m, 1, (struct ids_record){ 0 });
}

void
queue_retry(struct queue *q, struct queued *m, struct instant now)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (m->rcpts[i].state == RCPT_DEFERRED)
			m->rcpts[i].next_us = now.us;
	if (!m->at_work && !m->reporting && !m->awaited)
		queue_put_back(q, m, now);
}

/* --- bodies -------------------------------------------------------------- */

FALLIBLE
queue_body_head(struct queue *q, const struct queued *m, uint8_t *at,
	size_t cap, size_t *len)
{
	*len = m->size < cap ? (size_t)m->size : cap;
	return journal_read_body(q->journal, m->place, 0, at, *len);
}

FALLIBLE
queue_body(struct queue *q, const struct queued *m, int *out)
{
	static uint8_t piece[65536];
	OWNED(fd_close) int fd = -1;

	TRY(journal_verify(q->journal, m->place));
	TRY(journal_open_body(q->journal, m->place, out));
	if (*out >= 0)
		return OK;
	TRY(fd_memory("queued", &fd));
	for (uint64_t at = 0; at < m->size;) {
		size_t n = m->size - at < sizeof piece
			? (size_t)(m->size - at)
			: sizeof piece;

		TRY(journal_read_body(q->journal, m->place, at, piece, n));
		TRY(fd_append(fd, span_at(piece, n)));
		at += n;
	}
	TRY(fd_seal(fd));
	*out = fd_give(&fd);
	return OK;
}

bool
put_queue_id(struct buf *b, uint64_t id)
{
	uint8_t octets[8];

	for (int i = 0; i < 8; i++)
		octets[i] = (uint8_t)(id >> (56 - 8 * i));
	return buf_put_hex(b, span_at(octets, sizeof octets));
}
