/* ask.c -- what the engine asks for. */
#include "intake/intake.h"
#include "lib/mail/trace.h"
#include "lib/policy/sender.h"
#include "sys/clock.h"
#include "sys/log.h"

static const struct site *
site(const struct session *s)
{
	return site_of(s->in->role);
}

static bool
represents(const void *at, struct span domain)
{
	return site_represents(at, domain);
}

static struct sender_rights
rights_of(const struct session *s)
{
	return (struct sender_rights){ .addresses = s->login.addresses,
		.represents = represents,
		.site = site(s) };
}

/* --- envelope ------------------------------------------------------------ */

/* NC-2.1.7: the envelope sender of a user is one of the login's addresses.
 * Whether there may be none is seen at the end (complete.c). */
static FALLIBLE
check_sender(struct session *s, const struct smtp_ask *ask)
{
	struct sender_rights r = rights_of(s);

	if (!span_is_set(ask->path) || sender_owns(&r, &ask->address))
		return OK;
	LOG(EV_SENDER_REFUSED, s->id, log_text(s->login.name),
		log_text(ask->path), log_text(SPAN("MAIL FROM")));
	return &fault_sender_not_owned;
}

/* What a permit for its address gave a host was for one message; submission asks
 * before the first command, and has it as long as the grant. */
static void
drop_relay(struct session *s)
{
	if (s->in->submission || s->login.grant.kind != GRANT_ADDR)
		return;
	s->login = (struct login_facts){ 0 };
	arena_reset(&s->arena);
}

static FALLIBLE
ask_mail(struct session *s, const struct smtp_ask *ask)
{
	transaction_reset(&s->txn);
	drop_relay(s);
	if (s->in->submission)
		TRY(check_sender(s, ask));
	TRY(transaction_set_sender(&s->txn,
		span_is_set(ask->path) ? ask->path : span_at(NULL, 0)));
	TRY(transaction_set_reports(&s->txn, ask->ret, ask->envid));
	s->txn.utf8 = ask->utf8;
	s->txn.declared = ask->size;
	smtp_answer(&s->engine, OK);
	return OK;
}

static FALLIBLE
refuse_rcpt(struct session *s, const struct smtp_ask *ask,
	const struct fault *f)
{
	LOG(EV_RCPT_REFUSED_, s->id, log_text(s->txn.sender),
		log_text(ask->path), log_fault(f));
	return f;
}

FALLIBLE
ask_relay(struct session *s)
{
	struct relay_ask m = { .head = session_question(s, RELAY_ASK,
				       WAITS_GRANT) };

	return channel_send(role_link(s->in->role, AUTH), &m,
		stream_fd(s->stream));
}

/* A recipient elsewhere: only with a grant (NC-2.1.5).  The queue verifies the
 * grant itself; this is the early word of it. */
static FALLIBLE
take_remote(struct session *s, const struct smtp_ask *ask)
{
	if (s->login.grant.kind != GRANT_NONE)
		return limit_rcpt(s, ask);
	if (s->in->submission)
		return refuse_rcpt(s, ask, &fault_relay_denied);
	return ask_relay(s);
}

/* As check_sender, which was not asked at MAIL: nobody knew. */
FALLIBLE
ask_check_relay(struct session *s)
{
	struct sender_rights r = rights_of(s);
	struct address sender;

	if (!address_parse(s->txn.sender, &sender) &&
		sender_owns(&r, &sender))
		return OK;
	LOG(EV_SENDER_REFUSED, s->id, log_text(s->login.name),
		log_text(s->txn.sender), log_text(SPAN("MAIL FROM")));
	return &fault_sender_not_owned;
}

FALLIBLE
ask_take_remote(struct session *s)
{
	const struct smtp_ask *ask = &s->engine.ask;

	TRY(transaction_add_remote(&s->txn, ask->notify, ask->orcpt));
	smtp_answer(&s->engine, OK);
	return OK;
}

/* By the name that is looked up: a U-label is its A-label (NC-2.1.6). */
static bool
is_represented(const struct session *s, const struct address *a)
{
	uint8_t room[DOMAIN_MAX];
	struct buf domain = BUF(room);

	return put_domain(&domain, a->domain) &&
		site_represents(site(s), buf_view(&domain));
}

static FALLIBLE
ask_rcpt(struct session *s, const struct smtp_ask *ask)
{
	struct rcpt_check m = { .grant = s->login.grant,
		.address_len = (uint16_t)ask->path.len };

	TRY(transaction_begin_rcpt(&s->txn, ask->path));
	if (!ask->postmaster && ask->address.is_literal)
		return refuse_rcpt(s, ask, &fault_relay_denied);
	if (!ask->postmaster && !is_represented(s, &ask->address))
		return take_remote(s, ask);
	memcpy(m.address, ask->path.at, ask->path.len);
	m.head = session_question(s, RCPT_CHECK, WAITS_RCPT);
	return channel_send(role_link(s->in->role, AUTH), &m, -1);
}

/* --- login --------------------------------------------------------------- */

static const uint32_t mechanisms[] = {
	[SMTP_PLAIN] = SASL_PLAIN,
	[SMTP_SCRAM_SHA_256] = SASL_SCRAM_SHA_256,
	[SMTP_SCRAM_SHA_256_PLUS] = SASL_SCRAM_SHA_256_PLUS,
	[SMTP_EXTERNAL] = SASL_EXTERNAL,
};

static FALLIBLE
ask_login(struct session *s, const struct smtp_ask *ask)
{
	static struct sasl_step m;
	struct buf exporter = BUF(m.exporter);
	const struct fault *f;

	m = (struct sasl_step){ .start = ask->verb == SMTP_ASK_LOGIN,
		.mechanism = mechanisms[ask->mechanism],
		.has_blob = ask->has_blob,
		.blob_len = (uint16_t)ask->blob.len };
	memcpy(m.peer, s->peer, sizeof m.peer);
	if (ask->blob.len > 0)
		memcpy(m.blob, ask->blob.at, ask->blob.len);
	f = tls_exporter(stream_tls(s->stream), &exporter);
	m.exporter_len = f ? 0 : (uint16_t)exporter.len;
	m.has_certificate = tls_client_certificate(stream_tls(s->stream),
		m.certificate);
	m.head = session_question(s, SASL_STEP, WAITS_LOGIN);
	f = channel_send(role_link(s->in->role, AUTH), &m, -1);
	explicit_bzero(&m, sizeof m);
	return f;
}

/* auth drops an exchange when the next begins or its time is over. */
static FALLIBLE
drop_login(struct session *s, const struct smtp_ask *ask)
{
	(void)ask;
	s->login = (struct login_facts){ 0 };
	arena_reset(&s->arena);
	smtp_answer(&s->engine, OK);
	return OK;
}

static FALLIBLE
burn_login(struct session *s, const struct smtp_ask *ask)
{
	static struct sasl_in_clear m;

	m = (struct sasl_in_clear){ .head = { .type = SASL_IN_CLEAR,
					    .session = s->id },
		.blob_len = (uint16_t)ask->blob.len };
	memcpy(m.peer, s->peer, sizeof m.peer);
	if (ask->blob.len > 0)
		memcpy(m.blob, ask->blob.at, ask->blob.len);
	if (s->in->submission) /* every scanner tries mx; auth says if it was one */
		LOG(EV_LOGIN_IN_CLEAR, s->id,
			log_text(span_of(service_name(
				site(s)->permits[s->permit].service))),
			log_address(s->peer));
	if (channel_send(role_link(s->in->role, AUTH), &m, -1))
		LOG(EV_LOGIN_IN_CLEAR, s->id, log_text(SPAN("auth is away")),
			log_address(s->peer));
	explicit_bzero(&m, sizeof m);
	smtp_answer(&s->engine, OK);
	return OK;
}

/* --- body ---------------------------------------------------------------- */

bool
put_message_id(struct buf *b, const struct session *s)
{
	uint8_t octets[12];

	for (int i = 0; i < 8; i++)
		octets[i] = (uint8_t)(s->id >> (56 - 8 * i));
	for (int i = 0; i < 4; i++)
		octets[8 + i] = (uint8_t)(s->txn.number >> (24 - 8 * i));
	return buf_put_hex(b, span_at(octets, sizeof octets));
}

static FALLIBLE
ask_body(struct session *s, const struct smtp_ask *ask)
{
	(void)ask;
	list_remove(&s->link);
	return limit_message(s);
}

FALLIBLE
ask_open_body(struct session *s)
{
	uint8_t text[TRACE_MAX], id_text[24];
	struct buf received = BUF(text), id = BUF(id_text);
	struct trace t = { .helo = smtp_helo(&s->engine),
		.peer = s->in->submission ? NULL : s->peer,
		.host = SITE_TEXT(site(s)->host),
		.protocol = smtp_protocol(&s->engine),
		.time = clock_instant() };
	const struct fault *f;

	/* As the engine does with what came behind DATA in one piece.  What is
	 * in the network between us cannot be seen (RFC 2920 section 3.1). */
	if (!s->engine.ask.chunked && stream_has_input(s->stream))
		return &fault_data_pipelined;
	s->txn.number = s->engine.messages;
	if (!put_message_id(&id, s))
		return &fault_sys_failed;
	t.id = buf_view(&id);
	if (!put_received(&received, &t))
		return &fault_sys_failed;
	inspect_received(&s->inspected, buf_view(&received),
		SITE_TEXT(site(s)->host));
	TRY(body_open(&s->txn.body));
	f = body_add(&s->txn.body, buf_view(&received));
	if (f) { /* the client may say DATA again */
		body_close(&s->txn.body);
		return f;
	}
	smtp_answer(&s->engine, OK);
	return OK;
}

static FALLIBLE
ask_octets(struct session *s, const struct smtp_ask *ask)
{
	struct plain m;

	TRY(body_add(&s->txn.body, ask->octets));
	smtp_answer(&s->engine, OK);
	if (!body_wants_file(&s->txn.body))
		return OK;
	m = (struct plain){ .head = session_question(s, SPOOL_WANTED,
				    WAITS_SPOOL) };
	if (channel_send(role_link(s->in->role, QUEUE), &m, -1)) {
		s->waits = WAITS_NOT;
		s->engine.txn.failed = &fault_ipc_closed;
	}
	return OK;
}

static FALLIBLE
ask_keep(struct session *s, const struct smtp_ask *ask)
{
	s->txn.eight_bit = ask->eight_bit;
	s->txn.committing = true;
	s->kept = clock_tick();
	limit_octets(s, s->txn.body.size);
	if (s->login.grant.kind != GRANT_NONE)
		TRY(complete_message(s));
	return commit_begin(s);
}

static FALLIBLE
ask_forget(struct session *s, const struct smtp_ask *ask)
{
	(void)ask;
	transaction_reset(&s->txn);
	smtp_answer(&s->engine, OK);
	return OK;
}

typedef const struct fault *asker(struct session *s,
	const struct smtp_ask *ask);

static asker *const askers[] = {
	[SMTP_ASK_LOGIN] = ask_login,
	[SMTP_ASK_LOGIN_STEP] = ask_login,
	[SMTP_ASK_LOGIN_DROP] = drop_login,
	[SMTP_ASK_BURN] = burn_login,
	[SMTP_ASK_MAIL] = ask_mail,
	[SMTP_ASK_RCPT] = ask_rcpt,
	[SMTP_ASK_BODY] = ask_body,
	[SMTP_ASK_OCTETS] = ask_octets,
	[SMTP_ASK_KEEP] = ask_keep,
	[SMTP_ASK_FORGET] = ask_forget,
};

FALLIBLE
ask_for(struct session *s, const struct smtp_ask *ask)
{
	return askers[ask->verb](s, ask);
}
