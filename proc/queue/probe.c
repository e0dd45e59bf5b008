/* probe.c -- does a report come back to the sending address?  (NC-2.1.9.d)
 *
 * At start and once a day a letter goes to an address that does not exist at
 * the sender's domain, the way of all mail:
 *
 *	letter   MAIL FROM:<sender> RCPT TO:<no-such-...>   the smarthost: 5yz
 *	report   MAIL FROM:<>       RCPT TO:<sender>        the smarthost: 250
 *
 * The second 250 says that the smarthost knows the address, takes reports for
 * it and has this one: the loop is closed.  What it does not show is that
 * somebody reads the mailbox; a host that only sends cannot see into it.  A
 * smarthost that takes the letter for the address that does not exist makes the
 * report itself, out of our sight: then the loop stays unproven. */
#include "proc/queue/queue.h"

#include <string.h>

#include "lib/base/must.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/log.h"

#define EVERY HOURS(23) /* so that the last one is never a day old */

static struct span
sender(const struct queue_process *p)
{
	return SITE_TEXT(site_of(p->role)->sender);
}

static void
tell_open(struct queue_process *p, const char *reason)
{
	LOG(EV_LOOP_OPEN, 0, log_id(p->probe.letter), log_text(sender(p)),
		log_text(span_of(reason)));
	p->probe.letter = p->probe.report = 0;
}

/* "no-such-0011aabb@agency.example" */
static bool
put_nobody(struct buf *b, struct span token, struct span at)
{
	while (span_find_octet(at, '@') < at.len)
		span_shift_upto(&at, span_find_octet(at, '@') + 1);
	return buf_put_text(b, "no-such-") && buf_put(b, token) &&
		buf_push(b, '@') && buf_put(b, at);
}

static bool
put_letter(struct buf *b, struct span from, struct span to, struct span token)
{
	return buf_put_text(b, "From: ") && buf_put(b, from) &&
		buf_put_text(b, "\r\nTo: ") && buf_put(b, to) &&
		buf_put_text(b, "\r\nDate: ") &&
		put_date_rfc5322(b, clock_instant()) &&
		buf_put_text(b, "\r\nMessage-ID: <") && buf_put(b, token) &&
		buf_push(b, '.') && buf_put(b, from) &&
		buf_put_text(b, ">\r\nSubject: Does a report come back? ") &&
		buf_put(b, token) &&
		buf_put_text(b, "\r\nAuto-Submitted: auto-generated\r\n\r\n"
				"A daily test: this address does not exist, and "
				"a report about it must\r\ncome back to the "
				"sender.  Nobody has to do anything.\r\n");
}

static void
begin(void *arg)
{
	struct queue_process *p = arg;
	uint8_t chance[8], token_room[16], to_room[ADDRESS_MAX], room[2048];
	struct buf token = BUF(token_room), to = BUF(to_room), b = BUF(room);

	timer_set(p->probe.again, EVERY);
	if (p->probe.letter != 0)
		tell_open(p, "the letter before has no end yet");
	random_octets(chance, sizeof chance);
	MUST(buf_put_hex(&token, span_at(chance, sizeof chance)));
	if (!put_nobody(&to, buf_view(&token), sender(p)) ||
		!put_letter(&b, sender(p), buf_view(&to), buf_view(&token)) ||
		report_enqueue(p, sender(p), buf_view(&to), buf_view(&b),
			&p->probe.letter)) {
		tell_open(p, "the letter cannot be queued");
		return;
	}
	p->probe.began = clock_instant();
	LOG(EV_LOOP_BEGUN, 0, log_id(p->probe.letter), log_text(buf_view(&to)));
}

FALLIBLE
probe_open(struct queue_process *p)
{
	if (site_of(p->role)->role != SITE_LOCAL)
		return OK;
	TRY(timer_open(role_loop(p->role), begin, p, &p->probe.again));
	timer_set(p->probe.again, 1);
	return OK;
}

void
probe_reported(struct queue_process *p, uint64_t letter, uint64_t report)
{
	if (letter == p->probe.letter)
		p->probe.report = report;
}

static void
tell_closed(struct queue_process *p, const struct place_name *place)
{
	int64_t us = clock_instant().us - p->probe.began.us;

	LOG(EV_LOOP_CLOSED, 0, log_id(p->probe.letter), log_text(sender(p)),
		log_text(span_at(place->octets, place->len)),
		log_number(us > 0 ? (uint64_t)(us / SECONDS(1)) : 0));
	p->probe.letter = p->probe.report = 0;
}

void
probe_result(struct queue_process *p, const struct queued *q, uint32_t rcpt,
	const struct place_name *place)
{
	uint32_t state = q->rcpts[rcpt].state;

	if (q->id == p->probe.letter && state == RCPT_DONE)
		tell_open(p, "the smarthost took mail for nobody");
	else if (q->id == p->probe.report && state == RCPT_DONE)
		tell_closed(p, place);
	else if (q->id == p->probe.report && state == RCPT_FAILED)
		tell_open(p, "the smarthost refuses reports to the sender");
}
