/* limit.c -- what a session asks the meter (NC-2.1.8).
 *
 * A recipient elsewhere is asked for when it is named; a message, with its
 * recipients here, when its data are to come; an unknown recipient before it is
 * called unknown.  Octets beyond what the client announced are told when there
 * are enough of them, refused commands at the end.
 *
 * Who logged in is counted by his account, everybody else by his address, a
 * listed host by its name too: a house full of users behind one address is not
 * one source. */
#include "intake/intake.h"
#include "sys/clock.h"
#include "sys/log.h"

#define UNPAID_MOST MiB(1)

static struct limit_ask
question(const struct session *s, uint32_t type)
{
	struct limit_ask m = {
		.head = { .type = type, .serial = s->slot, .session = s->id }
	};

	if (s->login.grant.kind == GRANT_SASL) {
		m.account = s->login.grant.account;
		return m;
	}
	m.has_peer = 1;
	memcpy(m.peer, s->peer, sizeof m.peer);
	if (s->login.grant.kind == GRANT_ADDR &&
		s->login.name.len <= sizeof m.relay) {
		m.relay_len = (uint16_t)s->login.name.len;
		memcpy(m.relay, s->login.name.at, m.relay_len);
	}
	return m;
}

static FALLIBLE
ask(struct session *s, struct limit_ask *m, enum waits waits)
{
	m->head = session_question(s, LIMIT_ASK, waits);
	return channel_send(role_link(s->in->role, METER), m, -1);
}

FALLIBLE
limit_rcpt(struct session *s, const struct smtp_ask *asked)
{
	struct limit_ask m = question(s, LIMIT_ASK);

	m.amounts[UNIT_RECIPIENTS] = 1;
	m.rcpt_len = (uint16_t)asked->path.len;
	memcpy(m.rcpt, asked->path.at, asked->path.len);
	return ask(s, &m, WAITS_LIMIT);
}

/* Represented: of who may send elsewhere, or of the first who receives. */
static struct span
domain_of(const struct session *s)
{
	return address_domain(s->login.grant.kind != GRANT_NONE ? s->txn.sender
			: s->txn.first ? s->txn.first->address
				       : SPAN(""));
}

FALLIBLE
limit_message(struct session *s)
{
	struct limit_ask m = question(s, LIMIT_ASK);
	struct buf domain = BUF(m.domain);

	m.amounts[UNIT_MESSAGES] = 1;
	m.amounts[UNIT_DAY] = 1;
	m.amounts[UNIT_RECIPIENTS] = s->txn.local;
	m.amounts[UNIT_OCTETS] = s->txn.declared;
	if (put_domain(&domain, domain_of(s))) /* in every spelling the same */
		m.domain_len = (uint16_t)domain.len;
	return ask(s, &m, WAITS_LIMIT);
}

void
limit_unknown(struct session *s)
{
	struct limit_ask m = question(s, LIMIT_ASK);

	m.amounts[UNIT_UNKNOWN] = 1;
	if (!ask(s, &m, WAITS_UNKNOWN))
		return;
	s->waits = WAITS_NOT;
	smtp_answer(&s->engine, &fault_ipc_closed);
}

static void
note(struct session *s, uint64_t errors)
{
	struct limit_ask m = question(s, LIMIT_NOTE);

	m.amounts[UNIT_OCTETS] = s->unpaid;
	m.amounts[UNIT_ERRORS] = errors;
	s->unpaid = 0;
	if (channel_send(role_link(s->in->role, METER), &m, -1))
		return; /* away: then nothing is admitted either */
}

void
limit_octets(struct session *s, uint64_t octets)
{
	if (octets > s->txn.declared)
		s->unpaid += octets - s->txn.declared;
	if (s->unpaid >= UNPAID_MOST)
		note(s, 0);
}

void
limit_ended(struct session *s)
{
	if (s->unpaid > 0 || s->engine.bad > 0)
		note(s, s->engine.bad);
}

static void
tell_level(struct intake *in)
{
	if (in->shed.level == in->shed_told)
		return;
	in->shed_told = in->shed.level;
	LOG(EV_LOAD_SHED, 0, log_number(in->shed.level),
		log_number(SHED_LEVELS));
}

/* How long a message waited for its answer tells how loaded we are. */
void
limit_measure(struct session *s)
{
	struct tick now = clock_tick();

	shed_measure(&s->in->shed, now.us - s->kept.us,
		site_of(s->in->role)->slow_us, now);
	tell_level(s->in);
}

bool
limit_is_busy(void *owner)
{
	struct intake *in = owner;
	bool admitted =
		shed_admit(&in->shed, site_of(in->role)->slow_us, clock_tick());

	tell_level(in);
	return !admitted;
}

/* --- the answer ---------------------------------------------------------- */

static void
go_on(struct session *s, const struct fault *f)
{
	if (!f)
		f = s->engine.ask.verb == SMTP_ASK_RCPT ? ask_take_remote(s)
							: ask_open_body(s);
	if (f)
		smtp_answer(&s->engine, f);
}

static void
go_on_unknown(struct session *s, const struct fault *f)
{
	if (f == &fault_limit_unknowns)
		smtp_bye(&s->engine, f);
	else
		smtp_answer(&s->engine, f ? f : &fault_mailbox_unknown);
}

void
limit_answered(void *owner, struct channel *c, const void *message, int fd)
{
	const struct limit_answer *m = message;
	struct intake *in = owner;
	struct session *s;

	(void)c;
	(void)fd;
	if ((s = session_asker(in, &m->head, WAITS_LIMIT)))
		go_on(s, fault_row(m->fault));
	else if ((s = session_asker(in, &m->head, WAITS_UNKNOWN)))
		go_on_unknown(s, fault_row(m->fault));
	if (s)
		session_run(s);
}
