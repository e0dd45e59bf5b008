/* answer.c -- what the other processes say. */
#include "intake/commit.h"
#include "sys/fd.h"
#include "sys/keys.h"
#include "sys/log.h"

void
answer_fault(struct session *s, const struct fault *f)
{
	switch (s->engine.ask.verb) {
	case SMTP_ASK_LOGIN:
	case SMTP_ASK_LOGIN_STEP:
		smtp_login_done(&s->engine, f, SPAN_NONE);
		return;
	case SMTP_ASK_KEEP:
		commit_refused(s, f);
		return;
	case SMTP_ASK_OCTETS:
		if (s->engine.asking)
			smtp_answer(&s->engine, f);
		else /* answered already; the spool did not come */
			s->engine.txn.failed = f;
		return;
	case SMTP_ASK_RCPT:
		transaction_undo_rcpt(&s->txn);
		smtp_answer(&s->engine, f);
		return;
	default:
		smtp_answer(&s->engine, f);
		return;
	}
}

/* What the recipient leads to, or why it does not. */
static FALLIBLE
add_accounts(struct session *s, const struct rcpt_answer *m)
{
	if (m->fault)
		return fault_row(m->fault);
	if (m->kind != RCPT_LOCAL || m->count > RCPT_ACCOUNTS)
		return &fault_relay_denied;
	for (uint32_t i = 0; i < m->count; i++)
		TRY(transaction_add_local(&s->txn, m->accounts[i]));
	return OK;
}

static void
take_rcpt(void *owner, struct channel *c, const void *message, int fd)
{
	const struct rcpt_answer *m = message;
	struct session *s = session_asker(owner, &m->head, WAITS_RCPT);
	const struct fault *f;

	(void)c;
	(void)fd;
	if (!s)
		return;
	f = s->txn.refusal ? s->txn.refusal : add_accounts(s, m);
	if (m->more) { /* what follows is no answer to the next question */
		s->txn.refusal = f;
		s->waits = WAITS_RCPT;
		return;
	}
	if (f)
		LOG(EV_RCPT_REFUSED_, s->id, log_text(s->txn.sender),
			log_text(s->engine.ask.path), log_fault(f));
	if (f == &fault_mailbox_unknown) {
		transaction_undo_rcpt(&s->txn);
		limit_unknown(s);
	} else if (f) {
		answer_fault(s, f);
	} else {
		smtp_answer(&s->engine, OK);
	}
	session_run(s);
}

static void
take_challenge(void *owner, struct channel *c, const void *message, int fd)
{
	const struct sasl_challenge *m = message;
	struct session *s = session_asker(owner, &m->head, WAITS_LOGIN);

	(void)c;
	(void)fd;
	if (!s)
		return;
	if (m->blob_len > SMTP_CHALLENGE_MAX) /* a nonce of hundreds of octets */
		smtp_login_done(&s->engine, &fault_auth_failed, SPAN_NONE);
	else
		smtp_challenge(&s->engine, span_at(m->blob, m->blob_len));
	session_run(s);
}

/* Keep what the login gave for as long as the session lasts. */
static FALLIBLE
keep_login(struct session *s, const struct sasl_done *m)
{
	struct login_facts facts = { .grant = m->grant };

	if (m->login_len > sizeof m->login ||
		m->addresses_len > sizeof m->addresses ||
		m->blob_len > SMTP_CHALLENGE_MAX)
		return &fault_ipc_malformed;
	arena_reset(&s->arena);
	TRY(arena_copy(&s->arena, span_at(m->login, m->login_len),
		&facts.name));
	TRY(arena_copy(&s->arena, span_at(m->addresses, m->addresses_len),
		&facts.addresses));
	s->login = facts;
	return OK;
}

static void
take_login(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int unasked = fd;
	const struct sasl_done *m = message;
	struct session *s = session_asker(owner, &m->head, WAITS_LOGIN);
	const struct fault *f = fault_row(m->fault);

	(void)c;
	(void)unasked;
	if (!s)
		return;
	if (!f)
		f = keep_login(s, m);
	smtp_login_done(&s->engine, f,
		!f && m->blob_len > 0 ? span_at(m->blob, m->blob_len)
				      : SPAN_NONE);
	session_run(s);
}

/* NC-2.1.5, footnote 3: what the permit for its address gives a host. */
static FALLIBLE
keep_relay(struct session *s, const struct relay_granted *m)
{
	struct login_facts facts = { .grant = m->grant };
	const struct fault *f;

	TRY(fault_row(m->fault));
	if (m->name_len > sizeof m->name ||
		m->addresses_len > sizeof m->addresses)
		return &fault_ipc_malformed;
	arena_reset(&s->arena);
	TRY(arena_copy(&s->arena, span_at(m->name, m->name_len), &facts.name));
	TRY(arena_copy(&s->arena, span_at(m->addresses, m->addresses_len),
		&facts.addresses));
	s->login = facts;
	f = s->in->submission ? OK : ask_check_relay(s);
	if (f)
		s->login = (struct login_facts){ 0 };
	return f;
}

static void
take_granted(void *owner, struct channel *c, const void *message, int fd)
{
	const struct relay_granted *m = message;
	struct session *s = session_asker(owner, &m->head, WAITS_GRANT);
	const struct fault *f;

	(void)c;
	(void)fd;
	if (!s)
		return;
	f = keep_relay(s, m);
	if (s->in->submission) {
		if (!f)
			smtp_listed(&s->engine);
		session_run(s);
		return;
	}
	if (!f)
		f = limit_rcpt(s, &s->engine.ask);
	if (f) {
		s->waits = WAITS_NOT;
		LOG(EV_RCPT_REFUSED_, s->id, log_text(s->txn.sender),
			log_text(s->engine.ask.path), log_fault(f));
		answer_fault(s, f);
	}
	session_run(s);
}

static void
take_spool(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int file = fd;
	const struct spool_file *m = message;
	struct session *s = session_asker(owner, &m->head, WAITS_SPOOL);
	const struct fault *f = fault_row(m->fault);

	(void)c;
	if (!s)
		return;
	if (!f)
		f = file < 0 ? &fault_ipc_malformed
			     : body_move(&s->txn.body, fd_give(&file));
	if (f)
		s->engine.txn.failed = f;
	session_run(s);
}

static void
take_verdict(void *owner, struct channel *c, const void *message, int fd)
{
	const struct scan_answer *m = message;
	struct session *s = session_asker(owner, &m->head, WAITS_VERDICT);

	(void)c;
	(void)fd;
	if (!s)
		return;
	commit_verdict(s, m);
	session_run(s);
}

static void
take_queued(void *owner, struct channel *c, const void *message, int fd)
{
	const struct enqueue_done *m = message;
	struct session *s = session_asker(owner, &m->head, WAITS_QUEUE);

	(void)c;
	(void)fd;
	if (!s)
		return;
	commit_queued(s, m);
	session_run(s);
}

static void
take_stored(void *owner, struct channel *c, const void *message, int fd)
{
	const struct deliver_done *m = message;
	struct session *s = session_asker(owner, &m->head, WAITS_STORE);

	(void)c;
	(void)fd;
	if (!s)
		return;
	commit_stored(s, m);
	session_run(s);
}

const struct handlers intake_handlers = {
	.on = {
		[RCPT_ANSWER] = take_rcpt,
		[SASL_CHALLENGE] = take_challenge,
		[SASL_DONE] = take_login,
		[RELAY_GRANTED] = take_granted,
		[EPOCHS_GIVEN] = session_judge_all,
		[SPOOL_FILE] = take_spool,
		[SCAN_ANSWER] = take_verdict,
		[ENQUEUE_DONE] = take_queued,
		[DELIVER_DONE] = take_stored,
		[LIMIT_ANSWER] = limit_answered,
		[SIGN_ANSWER] = keys_late_answer,
	},
};
