/* ask.c -- mx and submission ask. */
#include "proc/meter/meter.h"
#include "sys/clock.h"
#include "sys/log.h"

#define TELL_MS 60000 /* one event of a counter in this time, with a count */

_Static_assert(LIMIT_UNITS <= LIMIT_AMOUNTS, "the units fit into the message");

/* Only submission knows logins, only mx listed hosts: nobody else may use up
 * what is theirs. */
static bool
read_subject(const struct channel *c, const struct limit_ask *m,
	struct limit_subject *who)
{
	if (m->domain_len > sizeof m->domain || m->rcpt_len > sizeof m->rcpt ||
		m->relay_len > sizeof m->relay ||
		(m->account != 0 && channel_peer(c) != SUBMISSION) ||
		(m->relay_len != 0 && channel_peer(c) != MX &&
			channel_peer(c) != SUBMISSION))
		return false;
	*who = (struct limit_subject){ .has_peer = m->has_peer != 0,
		.account = m->account,
		.relay = span_at(m->relay, m->relay_len),
		.domain = span_at(m->domain, m->domain_len),
		.rcpt = span_at(m->rcpt, m->rcpt_len) };
	memcpy(who->peer, m->peer, sizeof who->peer);
	return true;
}

static struct limit_amounts
read_amounts(const struct limit_ask *m)
{
	struct limit_amounts a;

	for (int u = 0; u < LIMIT_UNITS; u++)
		a.of[u] = m->amounts[u];
	return a;
}

static struct span
name_of(const struct limit_ask *m, enum limit_dim dim)
{
	struct span rcpt = span_at(m->rcpt, m->rcpt_len);

	if (dim == DIM_RELAY)
		return span_at(m->relay, m->relay_len);
	if (dim == DIM_DOMAIN)
		return span_at(m->domain, m->domain_len);
	while (rcpt.len > 0 && span_shift(&rcpt) != '@')
		;
	return dim == DIM_DESTINATION ? rcpt : SPAN("");
}

/* The first refusal of a counter is told at once, what follows is summed up: an
 * attack must not fill the log (DO-D16). */
static void
tell(const struct limit_ask *m, const struct limit_hit *hit, int64_t now_ms)
{
	if (!hit->meter || now_ms - hit->meter->told_ms < TELL_MS)
		return;
	LOG(EV_RATE_HIT, m->head.session,
		log_text(span_of(limit_dim_name(hit->dim))),
		log_text(span_of(limit_unit_name(hit->unit))),
		log_address(m->peer), log_number(m->account),
		log_text(name_of(m, hit->dim)), log_number(hit->rate.most),
		log_number(hit->meter->refused));
	if (hit->meter->held)
		LOG(EV_ACCOUNT_HELD, m->head.session, log_number(m->account),
			log_text(span_of(limit_unit_name(hit->unit))),
			log_number(hit->rate.most));
	hit->meter->told_ms = now_ms;
	hit->meter->refused = 0;
}

static const struct fault *
judge(struct meter_process *p, const struct channel *c,
	const struct limit_ask *m)
{
	int64_t now_ms = clock_instant().us / 1000;
	struct limit_amounts a = read_amounts(m);
	struct limit_subject who;
	struct limit_hit hit;
	const struct fault *f;

	if (!read_subject(c, m, &who))
		return &fault_ipc_malformed;
	f = limits_admit(&p->limits, &who, &a, now_ms, &hit);
	if (f)
		tell(m, &hit, now_ms);
	return f;
}

void
ask_answer(
	struct meter_process *p, struct channel *c, const struct limit_ask *m)
{
	struct limit_answer answer = { .head = { .type = LIMIT_ANSWER,
					       .serial = m->head.serial,
					       .session = m->head.session } };

	answer.fault = fault_number(judge(p, c, m));
	if (channel_send(c, &answer, -1))
		return; /* gone, or does not read: it gives up by itself */
}

void
ask_note(struct meter_process *p, const struct channel *c,
	const struct limit_ask *m)
{
	struct limit_amounts a = read_amounts(m);
	struct limit_subject who;

	if (read_subject(c, m, &who))
		limits_note(&p->limits, &who, &a, clock_instant().us / 1000);
}
