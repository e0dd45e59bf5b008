/* report.c -- the end of a message: removed, or first reported to the sender.
 *
 * A sender here had logged in and has a mailbox here, so the report is scanned
 * and delivered like other local mail, once (its dedupe key is the arrival
 * and the number of the message).  Nobody else ever gets one (rule S2).
 *
 * A host that only sends has no mailboxes: there the sender is the address of
 * the settings, and the report goes to it through the smarthost (NC-2.1.9.d). */
#include <string.h>

#include "lib/base/must.h"
#include "lib/mail/dsn.h"
#include "lib/mail/notify.h"
#include "proc/queue/queue.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/log.h"

#define REPORT_MAX (1u << 20) /* octets of a report */
#define HEADER_CAP (64u << 10)

/* --- composing ----------------------------------------------------------- */

/* "550 5.1.1 text" */
static struct span
diagnostic(const struct queue_rcpt *r, struct buf *b)
{
	if (!buf_put_number(b, r->code) || !buf_push(b, ' ') ||
		!buf_put(b, span_at(r->text, r->text_len)))
		buf_clear(b);
	return buf_view(b);
}

static bool
put_rcpt(struct buf *b, const struct queue_rcpt *r)
{
	uint8_t room[QUEUE_TEXT_MAX + 16];
	struct buf text = BUF(room);
	struct dsn_rcpt d = { .address = r->address,
		.orcpt = r->orcpt,
		.enhanced = span_of((const char *)r->enhanced),
		.diagnostic = diagnostic(r, &text) };

	if (d.enhanced.len == 0)
		d.enhanced = SPAN("5.0.0");
	return put_dsn_rcpt(b, &d);
}

/* RFC 3461 section 4.1: unless the sender said otherwise. */
static bool
is_to_report(const struct queue_rcpt *r)
{
	return r->state == RCPT_FAILED &&
		(r->notify == 0 || r->notify & NOTIFY_FAILURE);
}

static size_t
list_failed(const struct queued *q, struct dsn_rcpt *list, size_t cap)
{
	size_t n = 0;

	for (uint32_t i = 0; i < q->count && n < cap; i++)
		if (is_to_report(&q->rcpts[i]))
			list[n++].address = q->rcpts[i].address;
	return n;
}

static FALLIBLE
compose(struct queue_process *p, const struct queued *q, struct buf *b)
{
	static struct dsn_rcpt list[QUEUE_RCPTS_MAX];
	static uint8_t head[HEADER_CAP];
	uint8_t chance[12], boundary_text[32], id_text[24];
	struct buf boundary = BUF(boundary_text), id = BUF(id_text);
	struct dsn d = { .host = SITE_TEXT(site_of(p->role)->host),
		.to = q->sender,
		.envid = q->envid,
		.now = clock_instant(),
		.arrived = { q->arrived_us } };
	size_t len;
	bool fits;

	if (site_of(p->role)->role == SITE_LOCAL)
		d.from = SITE_TEXT(site_of(p->role)->sender);
	/* a header that cannot be read does not keep the report */
	if (queue_body_head(p->queue, q, head, sizeof head, &len))
		len = 0;
	random_octets(chance, sizeof chance);
	MUST(buf_put_hex(&boundary, span_at(chance, sizeof chance)) &&
		put_queue_id(&id, q->id));
	d.boundary = buf_view(&boundary);
	d.id = buf_view(&id);
	d.header = dsn_header_of(span_at(head, len), sizeof head);
	fits = put_dsn_begin(b, &d, list,
		list_failed(q, list, QUEUE_RCPTS_MAX));
	for (uint32_t i = 0; fits && i < q->count; i++)
		if (is_to_report(&q->rcpts[i]))
			fits = put_rcpt(b, &q->rcpts[i]);
	return fits && put_dsn_end(b, &d) ? OK : &fault_storage_full;
}

/* --- the way of a report ------------------------------------------------- */

static struct report *
find(struct queue_process *p, uint64_t message)
{
	for (uint32_t i = 0; i < pool_size(p->reports); i++) {
		struct report *r = pool_at(p->reports, i);

		if (r && r->message == message)
			return r;
	}
	return NULL;
}

static void
forget(struct queue_process *p, struct report *r)
{
	fd_close(&r->body);
	pool_give(p->reports, r->slot);
}

/* It could not be handed over now: the message stays until it can. */
static void
later(struct queue_process *p, struct report *r)
{
	struct queued *q = queue_find(p->queue, r->message);

	forget(p, r);
	if (!q)
		return;
	q->reporting = false;
	queue_put_back(p->queue, q,
		(struct instant){ clock_instant().us + REPORT_WAIT });
}

static void
remove_message(struct queue_process *p, struct queued *q)
{
	LOG(EV_QUEUE_DONE, q->session, log_id(q->id));
	p->dirty = true;
	if (queue_remove(p->queue, &q, 1))
		storage_is_broken(p, &fault_storage_failed);
}

/* --- through the smarthost (NC-2.1.9) ------------------------------------ */

static void
seal(const struct queue_process *p, struct enqueue_open *m)
{
	mac_make(role_secret(p->role, SECRET_VERDICT),
		span_at(&m->verdict, TOKEN_SIGNED(struct verdict)),
		m->verdict.mac);
	mac_make(role_secret(p->role, SECRET_GRANT),
		span_at(&m->grant, TOKEN_SIGNED(struct grant)), m->grant.mac);
}

FALLIBLE
report_enqueue(struct queue_process *p, struct span sender, struct span rcpt,
	struct span text, uint64_t *id)
{
	uint64_t session = role_new_session(p->role);
	struct instant now = clock_instant();
	struct enqueue_open m = { .head.session = session,
		.size = text.len,
		.arrived_us = now.us,
		.rcpts = 1,
		.sender_len = (uint16_t)sender.len,
		.verdict = { .size = text.len, .outcome = OUTCOME_ELSEWHERE },
		.grant = { .session = session,
			.expires_us = INT64_MAX,
			.kind = GRANT_LOCAL } };
	const struct rcpt_record to = { .address = rcpt };
	OWNED(fd_close) int body = -1;
	struct queued *fresh;

	*id = 0;
	if (sender.len > 0)
		memcpy(m.sender, sender.at, sender.len);
	sha256(text, m.verdict.sha256);
	seal(p, &m);
	TRY(fd_memory_of("report", text, &body));
	TRY(queue_add(p->queue, &m, &to, body, now, &fresh));
	p->dirty = true;
	*id = fresh->id;
	LOG(EV_QUEUED, session, log_id(fresh->id), log_text(sender),
		log_number(1), log_number(text.len), log_number(0));
	return OK;
}

/* One commit takes the report in and the message out. */
static void
send_back(struct queue_process *p, struct queued *q)
{
	static uint8_t room[REPORT_MAX];
	struct buf b = BUF(room);
	uint64_t report = 0;

	if (compose(p, q, &b) ||
		report_enqueue(p, SPAN(""), q->sender, buf_view(&b), &report)) {
		queue_put_back(p->queue, q,
			(struct instant){ clock_instant().us + REPORT_WAIT });
		return;
	}
	probe_reported(p, q->id, report);
	remove_message(p, q);
}

/* --- to a mailbox here --------------------------------------------------- */

void
report_begin(struct queue_process *p, struct queued *q)
{
	static uint8_t room[REPORT_MAX];
	struct buf b = BUF(room);
	struct scan_request m = { .head = { .type = SCAN_REQUEST,
					  .session = q->id } };
	struct report *r;
	uint32_t slot;

	r = pool_take(p->reports, &slot);
	if (!r) {
		queue_put_back(p->queue, q,
			(struct instant){ clock_instant().us + REPORT_WAIT });
		return;
	}
	*r = (struct report){ .message = q->id, .body = -1, .slot = slot,
		.account = q->account };
	q->reporting = true;
	if (compose(p, q, &b) ||
		fd_memory_of("report", buf_view(&b), &r->body)) {
		later(p, r);
		return;
	}
	r->size = m.size = b.len;
	r->asked = role_link(p->role, SCAN);
	if (channel_send(role_link(p->role, SCAN), &m, r->body))
		later(p, r);
}

static FALLIBLE
deliver(struct queue_process *p, struct report *r)
{
	struct queued *q = queue_find(p->queue, r->message);
	struct deliver_open open = { .head = { .type = DELIVER_OPEN,
					     .session = r->message },
		.size = r->size,
		.arrived_us = clock_instant().us,
		.rcpts = 1,
		.verdict = r->verdict };
	struct deliver_rcpt rcpt = { .head = { .type = DELIVER_RCPT,
					     .session = r->message },
		.account = r->account,
		.has_dkey = 1 };

	if (!q)
		return &fault_record_unknown;
	rcpt.address_len = (uint16_t)q->sender.len;
	memcpy(rcpt.address, q->sender.at, q->sender.len);
	/* the time, because a new spool begins its numbers again */
	memcpy(rcpt.dkey, &q->arrived_us, 8);
	memcpy(rcpt.dkey + 8, &r->message, 8);
	r->asked = role_link(p->role, STORE);
	TRY(channel_send(role_link(p->role, STORE), &open, r->body));
	return channel_send(role_link(p->role, STORE), &rcpt, -1);
}

void
report_verdict(struct queue_process *p, const struct scan_answer *m)
{
	struct report *r = find(p, m->head.session);

	if (!r)
		return;
	r->verdict = m->verdict;
	/* what was refused in its header cannot be sent back either; the log
	 * has the failure, and the message goes */
	if (!m->fault && m->verdict.outcome != OUTCOME_CLEAN) {
		struct queued *q = queue_find(p->queue, r->message);

		forget(p, r);
		if (q)
			remove_message(p, q);
		return;
	}
	if (m->fault || deliver(p, r))
		later(p, r);
}

void
report_stored(struct queue_process *p, const struct deliver_done *m)
{
	struct report *r = find(p, m->head.session);
	struct queued *q;

	if (!r)
		return;
	if (m->fault) {
		later(p, r);
		return;
	}
	q = queue_find(p->queue, r->message);
	forget(p, r);
	if (q)
		remove_message(p, q);
}

/* Scan or store went away. */
void
report_lost(struct queue_process *p, const struct channel *asked)
{
	for (uint32_t i = 0; i < pool_size(p->reports); i++) {
		struct report *r = pool_at(p->reports, i);

		if (r && r->asked == asked)
			later(p, r);
	}
}

void
message_over(struct queue_process *p, struct queued *q)
{
	bool failed = false;

	for (uint32_t i = 0; i < q->count; i++)
		failed |= is_to_report(&q->rcpts[i]);
	if (failed && q->sender.len > 0 &&
		site_of(p->role)->role == SITE_LOCAL)
		send_back(p, q);
	else if (failed && q->sender.len > 0)
		report_begin(p, q);
	else
		remove_message(p, q);
}
