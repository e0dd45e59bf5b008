/* message.c -- the message that a session collects, and its end. */
#include <string.h>

#include "lib/base/codec.h"
#include "lib/base/must.h"
#include "lib/mail/trace.h"
#include "lib/policy/mend.h"
#include "proc/local/local.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/log.h"

static const struct site *
site(const struct session *s)
{
	return site_of(s->local->role);
}

static struct channel *
queue(const struct session *s)
{
	return role_link(s->local->role, QUEUE);
}

/* Fields of a question of `type`; the session now waits. */
static struct head
question(struct session *s, uint32_t type, enum waits waits)
{
	s->waits = waits;
	return (struct head){ .type = type, .serial = s->slot,
		.session = s->id };
}

/* The session that asked, if it still waits for this answer. */
static struct session *
asker(struct local *l, const struct head *head, enum waits waits)
{
	struct session *s = pool_at(l->sessions, head->serial);

	if (!s || s->id != head->session || s->waits != waits)
		return NULL;
	s->waits = WAITS_NOT;
	return s;
}

void
message_reset(struct session *s)
{
	transaction_reset(&s->txn);
	body_close(&s->header.body);
	s->header = (struct header){ .body = BODY_CLOSED };
}

/* --- envelope ------------------------------------------------------------ */

/* Whatever the program says: reports come back to one address that exists. */
static FALLIBLE
ask_mail(struct session *s, const struct smtp_ask *ask)
{
	message_reset(s);
	TRY(transaction_set_sender(&s->txn, SITE_TEXT(site(s)->sender)));
	TRY(transaction_set_reports(&s->txn, ask->ret, ask->envid));
	s->txn.utf8 = ask->utf8;
	smtp_answer(&s->engine, OK);
	return OK;
}

/* A name of this host: its own, localhost, or one that is no name on the
 * Internet. */
static bool
is_here(const struct site *t, struct span domain)
{
	return span_equals_nocase(domain, SITE_TEXT(t->host)) ||
		span_equals_nocase(domain, SPAN("localhost.localdomain")) ||
		span_find_octet(domain, '.') == domain.len;
}

/* Users of this host have no mailboxes: the operator reads for them. */
static struct span
reader_of(const struct session *s, const struct smtp_ask *ask)
{
	const struct site *t = site(s);

	if (!ask->postmaster && !ask->address.is_literal &&
		(site_represents(t, ask->address.domain) ||
			!is_here(t, ask->address.domain)))
		return ask->path;
	return t->operator[0] ? SITE_TEXT(t->operator)
			      : SITE_TEXT(t->sender);
}

static FALLIBLE
ask_rcpt(struct session *s, const struct smtp_ask *ask)
{
	TRY(transaction_begin_rcpt(&s->txn, reader_of(s, ask)));
	TRY(transaction_add_remote(&s->txn, ask->notify, ask->orcpt));
	smtp_answer(&s->engine, OK);
	return OK;
}

/* --- header -------------------------------------------------------------- */

static bool
represents(const void *at, struct span domain)
{
	return site_represents(at, domain);
}

/* "0102..."; the message's number in this session behind it */
static void
put_id(struct buf *b, const struct session *s)
{
	uint8_t octets[12];

	for (int i = 0; i < 8; i++)
		octets[i] = (uint8_t)(s->id >> (56 - 8 * i));
	for (int i = 0; i < 4; i++)
		octets[8 + i] = (uint8_t)(s->engine.messages >> (24 - 8 * i));
	MUST(buf_put_hex(b, span_at(octets, sizeof octets)));
}

static void
note_aside(const struct session *s, struct span field, const char *deed)
{
	LOG(EV_FROM_REFUSED, s->id, log_number(s->peer.uid), log_text(field),
		log_text(span_of(deed)));
}

/* The one address of a host whose smarthost knows it by a login. */
static bool
put_own(struct buf *b, struct span sender)
{
	uint8_t room[MAILBOX_MAX + 8];
	struct buf canonical = BUF(room);
	struct address a;

	return !address_parse(sender, &a) && !address_canonical(&a, &canonical) &&
		put_block(b, buf_view(&canonical));
}

static FALLIBLE
mend(struct session *s, struct span header, struct span id, struct buf *out)
{
	uint8_t date_room[64], name_room[300], own_room[MAILBOX_MAX + 16];
	struct buf date = BUF(date_room), name = BUF(name_room);
	struct buf own = BUF(own_room);
	struct mend m = {
		.rights = { .whole_domains = site(s)->from != SITE_FROM_SENDER,
			.represents = represents,
			.site = site(s) },
		.refuse = site(s)->from == SITE_FROM_REFUSE,
		.sender = SITE_TEXT(site(s)->sender),
	};
	const struct fault *f;
	struct span field;

	MUST(put_own(&own, SITE_TEXT(site(s)->sender)));
	m.rights.addresses = buf_view(&own);
	MUST(put_date_rfc5322(&date, clock_instant()) && buf_put(&name, id) &&
		buf_push(&name, '@') && buf_put(&name, SITE_TEXT(site(s)->host)));
	m.date = buf_view(&date);
	m.id = buf_view(&name);
	f = mend_header(header, &m, out, &field);
	if (f == &fault_sender_not_owned || f == &fault_header_from)
		note_aside(s, field, "refused");
	else if (!f && span_is_set(field))
		note_aside(s, field, "rewritten");
	return f;
}

/* The header is here: Received, what is mended of it, the empty line. */
static FALLIBLE
end_header(struct session *s)
{
	static uint8_t room[HEADER_MAX + 4], out_room[HEADER_MAX +
		MEND_GROWTH + TRACE_MAX];
	struct buf out = BUF(out_room);
	uint8_t id_room[24];
	struct buf id = BUF(id_room);
	struct trace t = { .host = SITE_TEXT(site(s)->host),
		.protocol = smtp_protocol(&s->engine),
		.time = clock_instant() };
	size_t len;

	put_id(&id, s);
	t.id = buf_view(&id);
	TRY(body_head(&s->header.body, room, sizeof room, &len));
	MUST(put_received(&out, &t));
	TRY(mend(s, span_at(room, len), t.id, &out));
	if (!buf_put_text(&out, "\r\n"))
		return &fault_header_limit;
	s->header.over = true;
	body_close(&s->header.body);
	return body_add(&s->txn.body, buf_view(&out));
}

/* Octets of the header at the front of `in`; *over: the empty line is the last
 * of them. */
static struct span
take_header(struct header *h, struct span *in, bool *over)
{
	const uint32_t empty_line = 0x0d0a0d0a;
	struct span start = *in;

	*over = false;
	while (in->len > 0 && !*over) {
		h->tail = h->tail << 8 | span_shift(in);
		*over = h->tail == empty_line;
	}
	return span_before(start, *in);
}

static FALLIBLE
add_header(struct session *s, struct span *in)
{
	struct header *h = &s->header;
	bool over;
	struct span part = take_header(h, in, &over);

	TRY(body_add(&h->body, part));
	if (h->body.size > HEADER_MAX + 2)
		return &fault_header_limit;
	return over ? end_header(s) : OK;
}

/* --- body ---------------------------------------------------------------- */

static FALLIBLE
ask_body(struct session *s, const struct smtp_ask *ask)
{
	const uint32_t line_end = 0x0d0a; /* a message may begin with the empty
					   * line */
	const struct fault *f;

	/* as in intake/: nothing may come before 354 */
	if (!ask->chunked && stream_has_input(s->stream))
		return &fault_data_pipelined;
	TRY(body_open(&s->txn.body));
	f = body_open(&s->header.body);
	if (f) { /* the client may say DATA again */
		body_close(&s->txn.body);
		return f;
	}
	s->header.tail = line_end;
	smtp_answer(&s->engine, OK);
	return OK;
}

static FALLIBLE
ask_octets(struct session *s, const struct smtp_ask *ask)
{
	struct span in = ask->octets;
	struct plain m;

	if (!s->header.over)
		TRY(add_header(s, &in));
	if (in.len > 0)
		TRY(body_add(&s->txn.body, in));
	smtp_answer(&s->engine, OK);
	if (!body_wants_file(&s->txn.body))
		return OK;
	m = (struct plain){ .head = question(s, SPOOL_WANTED, WAITS_SPOOL) };
	if (channel_send(queue(s), &m, -1)) {
		s->waits = WAITS_NOT;
		s->engine.txn.failed = &fault_ipc_closed;
	}
	return OK;
}

void
message_spool(struct local *l, const struct spool_file *m, int fd)
{
	OWNED(fd_close) int file = fd;
	struct session *s = asker(l, &m->head, WAITS_SPOOL);
	const struct fault *f = fault_row(m->fault);

	if (!s)
		return;
	if (!f)
		f = file < 0 ? &fault_ipc_malformed
			     : body_move(&s->txn.body, fd_give(&file));
	if (f)
		s->engine.txn.failed = f;
	talk_run(s);
}

/* --- the end ------------------------------------------------------------- */

/* What the seal is made over is read back: nobody else saw the octets. */
static FALLIBLE
hash(const struct body *b, uint8_t out[SHA256_OCTETS])
{
	static uint8_t piece[65536];
	OWNED(sha256_drop) struct sha256 h = { 0 };

	sha256_begin(&h);
	for (uint64_t at = 0; at < b->size;) {
		size_t len;

		TRY(body_piece(b, at, piece, sizeof piece, &len));
		sha256_add(&h, span_at(piece, len));
		at += len;
	}
	sha256_end(&h, out);
	return OK;
}

/* The statements that scan and auth make on a mail server. */
static FALLIBLE
vouch(struct session *s, struct enqueue_open *m)
{
	struct role_process *r = s->local->role;

	m->verdict = (struct verdict){ .size = m->size,
		.time_us = m->arrived_us,
		.outcome = OUTCOME_ELSEWHERE };
	m->grant = (struct grant){ .session = s->id,
		.expires_us = INT64_MAX,
		.account = s->peer.uid,
		.kind = GRANT_LOCAL };
	TRY(hash(&s->txn.body, m->verdict.sha256));
	mac_make(role_secret(r, SECRET_VERDICT),
		span_at(&m->verdict, TOKEN_SIGNED(struct verdict)),
		m->verdict.mac);
	mac_make(role_secret(r, SECRET_GRANT),
		span_at(&m->grant, TOKEN_SIGNED(struct grant)), m->grant.mac);
	return OK;
}

static FALLIBLE
send_rcpts(struct session *s)
{
	struct enqueue_rcpt m = { .head = { .type = ENQUEUE_RCPT,
					  .serial = s->slot,
					  .session = s->id } };

	for (const struct rcpt *r = s->txn.first; r; r = r->next) {
		m.address_len = (uint16_t)r->address.len;
		memcpy(m.address, r->address.at, r->address.len);
		m.wish.notify = (uint8_t)r->notify;
		m.wish.orcpt_len = (uint16_t)r->orcpt.len;
		memcpy(m.wish.orcpt, r->orcpt.at, r->orcpt.len);
		TRY(channel_send(queue(s), &m, -1));
	}
	return OK;
}

static FALLIBLE
ask_keep(struct session *s, const struct smtp_ask *ask)
{
	struct enqueue_open m = { .arrived_us = clock_instant().us,
		.rcpts = s->txn.remote,
		.sender_len = (uint16_t)s->txn.sender.len,
		.eight_bit = ask->eight_bit,
		.wish = { .utf8 = s->txn.utf8,
			.ret = (uint8_t)s->txn.ret,
			.envid_len = (uint8_t)s->txn.envid.len } };

	s->txn.committing = true;
	if (!s->header.over) /* a message without a body */
		TRY(end_header(s));
	TRY(body_seal(&s->txn.body));
	m.size = s->txn.body.size;
	memcpy(m.sender, s->txn.sender.at, s->txn.sender.len);
	memcpy(m.wish.envid, s->txn.envid.at, s->txn.envid.len);
	TRY(vouch(s, &m));
	m.head = question(s, ENQUEUE_OPEN, WAITS_QUEUE);
	TRY(channel_send(queue(s), &m, s->txn.body.fd));
	return send_rcpts(s);
}

/* "uid 33" */
static void
log_accepted(const struct session *s, uint64_t id)
{
	uint8_t room[24];
	struct buf b = BUF(room);

	MUST(buf_put_text(&b, "uid ") && buf_put_number(&b, s->peer.uid));
	LOG(EV_MESSAGE_ACCEPTED, s->id, log_text(s->txn.sender),
		log_number(s->txn.remote), log_number(s->txn.body.size),
		log_id(0), log_id(id), log_text(buf_view(&b)));
}

void
message_queued(struct local *l, const struct enqueue_done *m)
{
	struct session *s = asker(l, &m->head, WAITS_QUEUE);
	uint8_t text[17], octets[8];
	struct buf id = BUF(text);

	if (!s)
		return;
	if (m->fault) {
		message_fault(s, fault_row(m->fault));
	} else {
		for (int i = 0; i < 8; i++)
			octets[i] = (uint8_t)(m->id >> (56 - 8 * i));
		MUST(buf_put_hex(&id, span_at(octets, sizeof octets)));
		log_accepted(s, m->id);
		message_reset(s);
		smtp_kept(&s->engine, buf_view(&id));
	}
	talk_run(s);
}

static FALLIBLE
ask_forget(struct session *s, const struct smtp_ask *ask)
{
	(void)ask;
	message_reset(s);
	smtp_answer(&s->engine, OK);
	return OK;
}

/* What the profile does not offer is never asked for: no TLS, no login. */
typedef const struct fault *action(struct session *s,
	const struct smtp_ask *ask);

static action *const actions[] = {
	[SMTP_ASK_MAIL] = ask_mail,
	[SMTP_ASK_RCPT] = ask_rcpt,
	[SMTP_ASK_BODY] = ask_body,
	[SMTP_ASK_OCTETS] = ask_octets,
	[SMTP_ASK_KEEP] = ask_keep,
	[SMTP_ASK_FORGET] = ask_forget,
};

FALLIBLE
message_ask(struct session *s, const struct smtp_ask *ask)
{
	MUST(actions[ask->verb]);
	return actions[ask->verb](s, ask);
}

/* What the engine asked for cannot be had. */
void
message_fault(struct session *s, const struct fault *f)
{
	bool spool = s->waits == WAITS_SPOOL; /* answered already */

	s->waits = WAITS_NOT;
	if (spool) {
		s->engine.txn.failed = f;
		return;
	}
	if (s->engine.ask.verb == SMTP_ASK_KEEP) {
		LOG(EV_MESSAGE_REFUSED, s->id, log_text(s->txn.sender),
			log_number(s->txn.body.size), log_fault(f),
			log_text(SPAN("")));
		message_reset(s);
	}
	smtp_answer(&s->engine, f);
}
