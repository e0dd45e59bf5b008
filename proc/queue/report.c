/* report.c -- the end of a message: removed, or first reported to the sender.
 *
 * A sender here had logged in and has a mailbox here, so the report is scanned
 * and delivered like other local mail, once (its dedupe key is the arrival
 * and the number of the message).  Nobody else ever gets one (rule S2).  What it
 * is about is what NOTIFY asked for, RFC 3461 section 4.1.
 *
 * A host that only sends has no mailboxes: there the sender is the address of
 * the settings, and the report goes to it through the smarthost (NC-2.1.9.d). */
#include <string.h>

#include "lib/base/must.h"
#include "lib/mail/notify.h"
#include "proc/queue/queue.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/log.h"

#define REPORT_MAX (4u << 20) /* octets of one about all recipients there can be */
#define HEADER_CAP (64u << 10)
#define DELAYS_MAX (JOBS_MAX / 2) /* the rest is for failures */

/* --- composing ----------------------------------------------------------- */

/* What was said about a recipient; of one who stands untried before a closed
 * place, why that is closed. */
static struct relay_reply
said_about(const struct queued *q, const struct queue_rcpt *r)
{
	const struct destination *place = place_of_line(q);
	struct relay_reply m = { .code = r->code, .text_len = r->text_len };

	if (r->code == 0 && place)
		return place->last;
	memcpy(m.enhanced, r->enhanced, sizeof m.enhanced);
	if (r->text_len > 0)
		memcpy(m.text, r->text, r->text_len);
	return m;
}

/* "550 text" */
static struct span
diagnostic(const struct relay_reply *m, struct buf *b)
{
	if (!buf_put_number(b, m->code) || !buf_push(b, ' ') ||
		!buf_put(b, span_at(m->text, m->text_len)))
		buf_clear(b);
	return buf_view(b);
}

static bool
put_rcpt(struct buf *b, const struct dsn *d, const struct queued *q,
	const struct queue_rcpt *r)
{
	static const char *const unsaid[] = { [DSN_FAILED] = "5.0.0",
		[DSN_DELAYED] = "4.0.0", [DSN_RELAYED] = "2.0.0" };
	struct relay_reply said = said_about(q, r);
	uint8_t room[QUEUE_TEXT_MAX + 16];
	struct buf text = BUF(room);
	struct dsn_rcpt rcpt = { .address = r->address,
		.orcpt = r->orcpt,
		.enhanced = span_of((const char *)said.enhanced),
		.diagnostic = diagnostic(&said, &text) };

	if (d->action == DSN_FAILED && said.code / 100 == 4)
		rcpt.enhanced = SPAN("4.4.7"); /* it took too long */
	if (rcpt.enhanced.len == 0)
		rcpt.enhanced = span_of(unsaid[d->action]);
	return put_dsn_rcpt(b, d, &rcpt);
}

/* Is the sender to hear that of this recipient?  What is said to a mailbox that
 * was passed on is RFC 3461 section 5.2.2; its state says that it was wished. */
static bool
is_told(const struct queue_rcpt *r, enum dsn_action action)
{
	switch (action) {
	case DSN_FAILED:
		return r->state == RCPT_FAILED &&
			(r->notify == 0 || (r->notify & NOTIFY_FAILURE));
	case DSN_DELAYED:
		return r->state <= RCPT_DEFERRED &&
			(r->notify == 0 || (r->notify & NOTIFY_DELAY));
	case DSN_RELAYED:
		return r->state == RCPT_RELAYED;
	}
	return false;
}

static size_t
list_told(const struct queued *q, enum dsn_action action,
	struct dsn_rcpt *list)
{
	size_t n = 0;

	for (uint32_t i = 0; i < q->count; i++)
		if (is_told(&q->rcpts[i], action))
			list[n++].address = q->rcpts[i].address;
	return n;
}

static bool
is_told_any(const struct queued *q, enum dsn_action action)
{
	for (uint32_t i = 0; i < q->count; i++)
		if (is_told(&q->rcpts[i], action))
			return q->sender.len > 0;
	return false;
}

static FALLIBLE
compose(struct queue_process *p, const struct queued *q,
	enum dsn_action action, struct buf *b)
{
	static struct dsn_rcpt list[QUEUE_RCPTS_MAX];
	static uint8_t head[HEADER_CAP];
	uint8_t chance[12], boundary_text[32], id_text[24];
	struct buf boundary = BUF(boundary_text), id = BUF(id_text);
	struct dsn d = { .action = action,
		.host = SITE_TEXT(site_of(p->role)->host),
		.to = q->sender,
		.envid = q->envid,
		.now = clock_instant(),
		.arrived = { q->arrived_us },
		.until = { q->arrived_us + site_of(p->role)->expire_us } };
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
	fits = put_dsn_begin(b, &d, list, list_told(q, action, list));
	for (uint32_t i = 0; fits && i < q->count; i++)
		if (is_told(&q->rcpts[i], action))
			fits = put_rcpt(b, &d, q, &q->rcpts[i]);
	return fits && put_dsn_end(b, &d) ? OK : &fault_storage_full;
}

/* --- the way of a report ------------------------------------------------- */

static void begin(struct queue_process *p, struct queued *q,
	enum dsn_action action);

static struct report *
find(struct queue_process *p, uint64_t session)
{
	for (uint32_t i = 0; i < pool_size(p->reports); i++) {
		struct report *r = pool_at(p->reports, i);

		if (r && r->session == session)
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

static void
remove_message(struct queue_process *p, struct queued *q)
{
	LOG(EV_QUEUE_DONE, q->session, log_id(q->id));
	p->dirty = true;
	if (queue_remove(p->queue, &q, 1))
		storage_is_broken(p, &fault_storage_failed);
}

/* The message waits for its report; one that is only delayed goes its way, and
 * the next look at delays finds it again. */
static void
put_off(struct queue_process *p, struct queued *q, enum dsn_action action)
{
	if (action == DSN_DELAYED) {
		q->noticed = false;
		if (p->noticed >= q->id)
			p->noticed = q->id - 1;
		return;
	}
	q->reporting = false;
	queue_put_back(p->queue, q,
		(struct instant){ clock_instant().us +
			(REPORT_WAIT << q->unreported) });
}

/* A mailbox may be full for ever; the log has the failure. */
static bool
is_hopeless(const struct queue_process *p, const struct queued *q,
	enum dsn_action action)
{
	return action != DSN_DELAYED && q->unreported == REPORT_TRIES &&
		clock_instant().us - q->arrived_us >=
		2 * site_of(p->role)->expire_us;
}

/* It could not be handed over now. */
static void
later(struct queue_process *p, struct report *r)
{
	struct queued *q = queue_find(p->queue, r->message);
	enum dsn_action action = r->action;

	forget(p, r);
	if (!q)
		return;
	if (action != DSN_DELAYED && q->unreported < REPORT_TRIES)
		q->unreported++;
	if (is_hopeless(p, q, action))
		remove_message(p, q);
	else
		put_off(p, q, action);
}

/* The sender has it, or can never have it.  At the end of a message what failed
 * comes first, then what was passed on. */
static void
finish(struct queue_process *p, struct report *r)
{
	struct queued *q = queue_find(p->queue, r->message);
	enum dsn_action action = r->action;

	forget(p, r);
	if (!q)
		return;
	p->dirty = true;
	if (action == DSN_FAILED && is_told_any(q, DSN_RELAYED))
		begin(p, q, DSN_RELAYED);
	else if (action != DSN_DELAYED)
		remove_message(p, q);
	else if (queue_noticed(p->queue, q))
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

	if (compose(p, q, DSN_FAILED, &b) ||
		report_enqueue(p, SPAN(""), q->sender, buf_view(&b), &report)) {
		queue_put_back(p->queue, q,
			(struct instant){ clock_instant().us + REPORT_WAIT });
		return;
	}
	probe_reported(p, q->id, report);
	remove_message(p, q);
}

/* --- to a mailbox here --------------------------------------------------- */

/* Each kind has a number of its own: the failure may come before the notice of a
 * delay has its end. */
static void
begin(struct queue_process *p, struct queued *q, enum dsn_action action)
{
	static uint8_t room[REPORT_MAX];
	struct buf b = BUF(room);
	struct scan_request m = { .head = { .type = SCAN_REQUEST,
					  .session = q->id |
						  (uint64_t)action << 62 } };
	struct report *r;
	uint32_t slot;

	r = pool_take(p->reports, &slot);
	if (!r) {
		put_off(p, q, action);
		return;
	}
	*r = (struct report){ .message = q->id,
		.session = m.head.session,
		.action = action,
		.body = -1,
		.slot = slot,
		.account = q->account };
	*(action == DSN_DELAYED ? &q->noticed : &q->reporting) = true;
	if (compose(p, q, action, &b) ||
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
					     .session = r->session },
		.size = r->size,
		.arrived_us = clock_instant().us,
		.rcpts = 1,
		.verdict = r->verdict };
	struct deliver_rcpt rcpt = { .head = { .type = DELIVER_RCPT,
					     .session = r->session },
		.account = r->account,
		.has_dkey = 1 };

	if (!q)
		return &fault_record_unknown;
	rcpt.address_len = (uint16_t)q->sender.len;
	memcpy(rcpt.address, q->sender.at, q->sender.len);
	/* the time, because a new spool begins its numbers again */
	memcpy(rcpt.dkey, &q->arrived_us, 8);
	memcpy(rcpt.dkey + 8, &r->session, 8);
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
	if (!m->fault && m->verdict.outcome != OUTCOME_CLEAN)
		finish(p, r);
	else if (m->fault || deliver(p, r))
		later(p, r);
}

void
report_stored(struct queue_process *p, const struct deliver_done *m)
{
	static const char *const names[] = { [DSN_FAILED] = "failed",
		[DSN_DELAYED] = "delayed", [DSN_RELAYED] = "relayed" };
	struct report *r = find(p, m->head.session);
	struct queued *q;

	if (!r)
		return;
	if (m->fault) {
		later(p, r);
		return;
	}
	q = queue_find(p->queue, r->message);
	if (q)
		LOG(EV_REPORTED, q->session, log_id(q->id),
			log_text(q->sender),
			log_text(span_of(names[r->action])));
	finish(p, r);
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

/* Messages have their numbers in the order in which they came, so those that
 * begin to be late follow each other. */
void
report_delays(struct queue_process *p)
{
	const struct site *s = site_of(p->role);
	struct instant now = clock_instant();
	struct queued *q;

	if (s->role == SITE_LOCAL) /* it would go the same way */
		return;
	for (q = queue_after(p->queue, p->noticed);
		q && now.us - q->arrived_us >= s->delay_notice_us &&
		pool_used(p->reports) < DELAYS_MAX;
		q = queue_after(p->queue, q->id)) {
		p->noticed = q->id;
		if (!q->noticed && is_told_any(q, DSN_DELAYED))
			begin(p, q, DSN_DELAYED);
		if (p->noticed < q->id) /* not now */
			return;
	}
}

void
message_over(struct queue_process *p, struct queued *q)
{
	bool failed = is_told_any(q, DSN_FAILED);

	if (site_of(p->role)->role == SITE_LOCAL && failed)
		send_back(p, q);
	else if (site_of(p->role)->role != SITE_LOCAL &&
		(failed || is_told_any(q, DSN_RELAYED)))
		begin(p, q, failed ? DSN_FAILED : DSN_RELAYED);
	else
		remove_message(p, q);
}
