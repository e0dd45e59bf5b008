/* commit.c -- the end of a message: look at its header, ask scan, queue and
 * store. */
#include "intake/commit.h"

#include "lib/base/must.h"
#include "lib/policy/sender.h"
#include "sys/clock.h"
#include "sys/log.h"

/* --- header -------------------------------------------------------------- */

static bool
represents(const void *at, struct span domain)
{
	return site_represents(at, domain);
}

static void
log_refused(struct session *s, const struct fault *f, struct span detail)
{
	LOG(EV_MESSAGE_REFUSED, s->id, log_text(s->txn.sender),
		log_number(s->txn.body.size), log_fault(f), log_text(detail));
}

static FALLIBLE
check_header(struct session *s)
{
	static uint8_t head[HEAD_NEEDED];
	const struct site *site = site_of(s->in->role);
	struct sender_rights r = { .addresses = s->login.addresses,
		.utf8 = s->txn.utf8,
		.represents = represents,
		.site = site };
	const struct fault *f;
	struct span field;
	size_t len;

	TRY(body_head(&s->txn.body, head, sizeof head, &len));
	f = s->in->submission || s->login.grant.kind == GRANT_ADDR
		? sender_check_header(span_at(head, len), &r, &field)
		: header_check(span_at(head, len), &field);
	if (f == &fault_sender_not_owned)
		LOG(EV_SENDER_REFUSED, s->id, log_text(s->login.name),
			log_text(SPAN("")), log_text(field));
	if (f)
		log_refused(s, f, field);
	return f;
}

/* --- scan ---------------------------------------------------------------- */

FALLIBLE
commit_begin(struct session *s)
{
	struct scan_request m = { .size = s->txn.body.size };

	TRY(check_header(s));
	TRY(body_seal(&s->txn.body));
	m.head = session_question(s, SCAN_REQUEST, WAITS_VERDICT);
	return channel_send(role_link(s->in->role, SCAN), &m, s->txn.body.fd);
}

static FALLIBLE
judge(struct session *s, const struct scan_answer *m)
{
	const struct verdict *v = &m->verdict;
	struct span name = span_at(v->name, strnlen((const char *)v->name,
		sizeof v->name));

	if (m->fault)
		return fault_row(m->fault);
	if (v->outcome == OUTCOME_CLEAN)
		return OK;
	LOG(EV_VIRUS_FOUND, s->id, log_text(s->txn.sender), log_text(name),
		log_text(SPAN("")));
	return v->outcome == OUTCOME_INFECTED ? &fault_message_infected
					      : &fault_message_unscannable;
}

/* --- queue and store ----------------------------------------------------- */

static FALLIBLE
enqueue_rcpts(struct session *s)
{
	struct channel *queue = role_link(s->in->role, QUEUE);
	struct enqueue_rcpt m = { .head = { .type = ENQUEUE_RCPT,
					  .serial = s->serial,
					  .session = s->id } };

	for (const struct rcpt *r = s->txn.first; r; r = r->next) {
		if (!r->remote)
			continue;
		m.address_len = (uint16_t)r->address.len;
		memcpy(m.address, r->address.at, r->address.len);
		m.wish.notify = (uint8_t)r->notify;
		m.wish.orcpt_len = (uint16_t)r->orcpt.len;
		memcpy(m.wish.orcpt, r->orcpt.at, r->orcpt.len);
		TRY(channel_send(queue, &m, -1));
	}
	return OK;
}

static FALLIBLE
enqueue(struct session *s)
{
	struct enqueue_open m = { .size = s->txn.body.size,
		.arrived_us = clock_instant().us,
		.rcpts = s->txn.remote,
		.sender_len = (uint16_t)s->txn.sender.len,
		.eight_bit = s->txn.eight_bit,
		.awaited = s->txn.local > 0,
		.wish = { .utf8 = s->txn.utf8,
			.ret = (uint8_t)s->txn.ret,
			.envid_len = (uint8_t)s->txn.envid.len },
		.verdict = s->txn.verdict,
		.grant = s->login.grant };

	memcpy(m.wish.envid, s->txn.envid.at, s->txn.envid.len);
	memcpy(m.sender, s->txn.sender.at, s->txn.sender.len);
	m.head = session_question(s, ENQUEUE_OPEN, WAITS_QUEUE);
	TRY(channel_send(role_link(s->in->role, QUEUE), &m, s->txn.body.fd));
	return enqueue_rcpts(s);
}

static FALLIBLE
deliver_rcpts(struct session *s)
{
	struct channel *store = role_link(s->in->role, STORE);
	struct deliver_rcpt m = { .head = { .type = DELIVER_RCPT,
					  .serial = s->serial,
					  .session = s->id } };

	for (const struct rcpt *r = s->txn.first; r; r = r->next) {
		if (r->remote)
			continue;
		m.account = r->account;
		m.address_len = (uint16_t)r->address.len;
		memcpy(m.address, r->address.at, r->address.len);
		TRY(channel_send(store, &m, -1));
	}
	return OK;
}

static FALLIBLE
deliver(struct session *s)
{
	struct deliver_open m = { .size = s->txn.body.size,
		.arrived_us = clock_instant().us,
		.rcpts = s->txn.local,
		.sender_len = (uint16_t)s->txn.sender.len,
		.verdict = s->txn.verdict };

	if (s->txn.sender.len > 0)
		memcpy(m.sender, s->txn.sender.at, s->txn.sender.len);
	m.head = session_question(s, DELIVER_OPEN, WAITS_STORE);
	TRY(channel_send(role_link(s->in->role, STORE), &m, s->txn.body.fd));
	return deliver_rcpts(s);
}

/* What the queue is to do with what it keeps back until it hears of it. */
static FALLIBLE
end_queued(struct session *s, uint32_t type)
{
	struct enqueue_end m = { .head = { .type = type, .session = s->id },
		.id = s->txn.queued };

	if (s->txn.queued == 0 || s->txn.local == 0)
		return OK;
	return channel_send(role_link(s->in->role, QUEUE), &m, -1);
}

/* Unheard, it goes out in a while all the same. */
void
commit_keep(struct session *s)
{
	if (end_queued(s, ENQUEUE_KEEP))
		return;
}

/* The queue forgets what it took: the message was not accepted. */
static void
cancel_queued(struct session *s)
{
	if (end_queued(s, ENQUEUE_CANCEL))
		LOG(EV_MESSAGE_REFUSED, s->id, log_text(s->txn.sender),
			log_number(s->txn.body.size),
			log_fault(&fault_ipc_closed),
			log_text(SPAN("queue keeps a refused message")));
}

/* --- answers ------------------------------------------------------------- */

void
commit_refused(struct session *s, const struct fault *f)
{
	cancel_queued(s);
	log_refused(s, f, SPAN(""));
	limit_measure(s);
	transaction_reset(&s->txn);
	smtp_answer(&s->engine, f);
}

/* Whose right it was, "sasl:alice" or "addr:scanner" (NC-2.1.5). */
static void
put_grant(struct buf *b, const struct session *s)
{
	static const char *const kinds[GRANT_KINDS] = {
		[GRANT_SASL] = "sasl:",
		[GRANT_ADDR] = "addr:",
	};
	const char *kind = kinds[s->login.grant.kind];

	if (kind)
		MUST(buf_put_text(b, kind) && buf_put(b, s->login.name));
}

static void
accepted(struct session *s, uint64_t stored)
{
	uint8_t text[17], octets[8];
	struct buf id = BUF(text);
	uint64_t shown = stored ? stored : s->txn.queued;
	uint8_t grant_room[8 + ADDRESS_MAX];
	struct buf grant = BUF(grant_room);

	for (int i = 0; i < 8; i++)
		octets[i] = (uint8_t)(shown >> (56 - 8 * i));
	MUST(buf_put_hex(&id, span_at(octets, sizeof octets)));
	put_grant(&grant, s);
	LOG(EV_MESSAGE_ACCEPTED, s->id, log_text(s->txn.sender),
		log_number(s->txn.local + s->txn.remote),
		log_number(s->txn.body.size), log_id(stored),
		log_id(s->txn.queued),
		log_text(buf_view(&grant)));
	s->octets += s->txn.body.size;
	commit_keep(s);
	limit_measure(s);
	transaction_reset(&s->txn);
	smtp_kept(&s->engine, buf_view(&id));
}

/* The next process that has to keep it, or the end. */
static void
go_on(struct session *s)
{
	const struct fault *f = OK;

	if (s->txn.remote > 0 && s->txn.queued == 0)
		f = enqueue(s);
	else if (s->txn.local > 0)
		f = deliver(s);
	else
		accepted(s, 0);
	if (!f)
		return;
	s->waits = WAITS_NOT;
	commit_refused(s, f);
}

void
commit_verdict(struct session *s, const struct scan_answer *m)
{
	const struct fault *f = judge(s, m);

	if (f) {
		commit_refused(s, f);
		return;
	}
	s->txn.verdict = m->verdict;
	go_on(s);
}

void
commit_queued(struct session *s, const struct enqueue_done *m)
{
	if (m->fault) {
		commit_refused(s, fault_row(m->fault));
		return;
	}
	s->txn.queued = m->id;
	go_on(s);
}

void
commit_stored(struct session *s, const struct deliver_done *m)
{
	if (m->fault)
		commit_refused(s, fault_row(m->fault));
	else
		accepted(s, m->id);
}
