/* work.c -- messages become jobs, results become states. */
#include <string.h>

#include "lib/base/must.h"
#include "lib/policy/reason.h"
#include "proc/queue/queue.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#define TURN_MESSAGES 256 /* looked at before others have their turn */

static const struct site *
site(const struct queue_process *p)
{
	return site_of(p->role);
}

/* --- connections --------------------------------------------------------- */

static uint64_t
take_idle(struct queue_process *p, const struct place_name *place)
{
	for (size_t i = p->idle_count; i-- > 0;)
		if (p->idle[i].relay == role_link(p->role, RELAY) &&
			same_place(&p->idle[i].place, place)) {
			uint64_t connection = p->idle[i].connection;

			p->idle[i] = p->idle[--p->idle_count];
			return connection;
		}
	return 0;
}

void
work_connection_gone(struct queue_process *p, uint64_t connection)
{
	for (size_t i = 0; i < p->idle_count; i++)
		if (p->idle[i].connection == connection) {
			p->idle[i] = p->idle[--p->idle_count];
			return;
		}
}

/* --- jobs ---------------------------------------------------------------- */

static struct job *
find_job(struct queue_process *p, uint64_t id)
{
	for (uint32_t i = 0; i < pool_size(p->jobs); i++) {
		struct job *j = pool_at(p->jobs, i);

		if (j && j->id == id)
			return j;
	}
	return NULL;
}

static FALLIBLE
send_dial(struct queue_process *p, const struct job *j)
{
	struct dial_request m = { .head = { .type = DIAL_REQUEST,
					  .session = j->id },
		.port = j->place->name.port,
		.by_mx = !j->place->name.named,
		.named = j->place->name.named,
		.tls = j->place->name.tls,
		.host_len = j->place->name.len };

	memcpy(m.host, j->place->name.octets, j->place->name.len);
	return channel_send(role_link(p->role, DIAL), &m, -1);
}

static FALLIBLE
send_rcpts(struct queue_process *p, const struct job *j,
	const struct queued *q)
{
	struct relay_rcpt m = { .head = { .type = RELAY_RCPT,
					.session = j->id } };

	for (uint32_t i = 0; i < j->count; i++) {
		const struct queue_rcpt *r = &q->rcpts[j->rcpts[i]];

		m.head.serial = i;
		m.address_len = (uint16_t)r->address.len;
		memcpy(m.address, r->address.at, r->address.len);
		m.wish.notify = r->notify;
		m.wish.orcpt_len = (uint16_t)r->orcpt.len;
		memcpy(m.wish.orcpt, r->orcpt.at, r->orcpt.len);
		TRY(channel_send(role_link(p->role, RELAY), &m, -1));
	}
	return OK;
}

static FALLIBLE
send_job(struct queue_process *p, const struct job *j, const struct queued *q,
	int body, uint64_t reuse)
{
	struct relay_job m = { .head = { .type = RELAY_JOB, .session = j->id },
		.reuse = reuse,
		.size = q->size,
		.rcpts = j->count,
		.sender_len = (uint16_t)q->sender.len,
		.eight_bit = q->eight_bit,
		.wish = { .utf8 = q->utf8,
			.ret = q->ret,
			.envid_len = (uint8_t)q->envid.len } };

	memcpy(m.wish.envid, q->envid.at, q->envid.len);
	memcpy(m.sender, q->sender.at, q->sender.len);
	TRY(channel_send(role_link(p->role, RELAY), &m, body));
	return send_rcpts(p, j, q);
}

/* The job's recipients are free again. */
static void
release(struct queue_process *p, struct job *j, struct instant earliest)
{
	struct queued *q = queue_find(p->queue, j->message);
	bool at_work = false;

	if (q) {
		for (uint32_t i = 0; i < j->count; i++)
			q->rcpts[j->rcpts[i]].at_work = false;
		for (uint32_t i = 0; i < q->count; i++)
			at_work |= q->rcpts[i].at_work;
		q->at_work = at_work;
	}
	place_leave(p, j->place);
	pool_give(p->jobs, j->slot);
	if (!q || at_work)
		return;
	if (q->open == 0)
		message_over(p, q);
	else
		queue_put_back(p->queue, q, earliest);
}

/* Relay forgets what it was given of a job that is not to be. */
static void
drop(struct queue_process *p, uint64_t job)
{
	struct plain m = { .head = { .type = RELAY_DROP, .session = job } };

	/* relay away: it has nothing to drop; full: it loses patience */
	if (channel_send(role_link(p->role, RELAY), &m, -1))
		return;
}

static struct span
text_of(const struct relay_reply *r)
{
	return span_at(r->text,
		r->text_len <= sizeof r->text ? r->text_len : 0);
}

static void
log_result(const struct queued *q, const struct queue_rcpt *r,
	const struct place_name *place, const struct relay_reply *reply,
	struct instant now)
{
	switch (r->state) {
	case RCPT_DONE:
	case RCPT_RELAYED:
		LOG(EV_RELAYED, q->session, log_id(q->id),
			log_text(r->address),
			log_text(span_at(place->octets, place->len)),
			log_number(reply->code), log_text(text_of(reply)));
		return;
	case RCPT_FAILED:
		LOG(EV_BOUNCED, q->session, log_id(q->id),
			log_text(r->address), log_number(reply->code),
			log_text(text_of(reply)));
		return;
	default:
		LOG(EV_DEFERRED, q->session, log_id(q->id),
			log_text(r->address), log_number(reply->code),
			log_text(text_of(reply)),
			log_number((uint64_t)((r->next_us - now.us) /
				SECONDS(1))));
		return;
	}
}

static void
note(struct queue_process *p, struct queued *q, uint32_t rcpt,
	const struct place_name *place, const struct relay_result *result)
{
	struct instant now = clock_instant();

	if (q->rcpts[rcpt].state > RCPT_DEFERRED)
		return;
	p->dirty = true;
	if (queue_result(p->queue, q, rcpt, result, now)) {
		storage_is_broken(p, &fault_storage_failed);
		return;
	}
	log_result(q, &q->rcpts[rcpt], place, &result->reply, now);
	probe_result(p, q, rcpt, place);
}

/* What a reply says about the place: a temporary trouble of it, nothing when the
 * trouble is ours, else that it is there. */
static void
learn_of_place(struct job *j, const struct relay_reply *r)
{
	size_t len = strnlen((const char *)r->enhanced, sizeof r->enhanced);
	enum reason reason = reason_of(r->code, span_at(r->enhanced, len),
		text_of(r));

	if (r->code / 100 == 4 && reason_is_of_place(reason)) {
		j->unreached = true;
		j->place->last = *r;
	} else if (reason != REASON_HERE) {
		j->answered = true;
	}
}

/* A server that wants TLS refuses mail in clear, which is no reason to return it:
 * the next attempt offers TLS again. */
static void
soften(const struct job *j, struct relay_reply *r)
{
	if (j->place->name.tls != TLS_NONE || r->code / 100 != 5)
		return;
	r->code = 451;
	memcpy(r->enhanced, "4.7.0", sizeof "4.7.0");
}

static void
note_job(struct queue_process *p, struct job *j, uint32_t index,
	const struct relay_result *said)
{
	struct queued *q = queue_find(p->queue, j->message);
	struct relay_result result = *said;

	soften(j, &result.reply);
	learn_of_place(j, &result.reply);
	if (q)
		note(p, q, j->rcpts[index], &j->place->name, &result);
}

/* What the job tells about the place; nothing when there was no attempt. */
static void
judge_place(struct queue_process *p, const struct job *j)
{
	if (j->answered)
		place_good(p, j->place);
	else if (j->unreached)
		place_bad(p, j->place);
}

/* An attempt like any other that failed here: it comes again by the schedule, and
 * in the end its sender hears of it. */
static void
cannot_read(struct queue_process *p, struct job *j, struct queued *q,
	const struct fault *f)
{
	static const struct relay_result result = { .reply = { .code = 451,
		.enhanced = "4.3.0",
		.text_len = 22,
		.text = "Message cannot be read" } };
	uint8_t room[32];
	struct buf id = BUF(room);

	MUST(put_queue_id(&id, q->id));
	LOG(EV_STORE_FAILED, q->session, log_fault(f), log_text(buf_view(&id)));
	for (uint32_t i = 0; i < j->count; i++)
		note(p, q, j->rcpts[i], &j->place->name, &result);
	release(p, j, (struct instant){ 0 });
}

/* False: it could not be given, and the message comes again by itself. */
static bool
give_job(struct queue_process *p, struct job *j, struct queued *q)
{
	OWNED(fd_close) int body = -1;
	const struct fault *f = queue_body(p->queue, q, &body);
	uint64_t reuse;

	if (f) {
		cannot_read(p, j, q, f);
		return false;
	}
	j->relay = role_link(p->role, RELAY);
	reuse = take_idle(p, &j->place->name);
	f = send_job(p, j, q, body, reuse);
	if (!f && !reuse)
		f = send_dial(p, j);
	if (!f)
		return true;
	drop(p, j->id);
	release(p, j, (struct instant){ clock_instant().us + LOST_WAIT });
	return false;
}

/* A job without recipients; NULL when there are enough. */
static struct job *
new_job(struct queue_process *p, const struct queued *q,
	const struct place_name *name)
{
	struct destination *place = place_enter(p, name);
	struct job *j;
	uint32_t slot;

	if (!place)
		return NULL;
	j = pool_take(p->jobs, &slot);
	if (!j) {
		place_leave(p, place);
		return NULL;
	}
	j->slot = slot;
	j->id = role_new_session(p->role);
	j->message = q->id;
	j->place = place;
	return j;
}

enum made { MADE, NONE, NOT_GIVEN };

/* A job for recipients that are due and go to one place, the first that has
 * room; NONE when there is none.  *full is a place that has none. */
static enum made
make_job(struct queue_process *p, struct queued *q, struct instant now,
	struct place_name *full)
{
	struct place_name name;
	struct job *j = NULL;

	for (uint32_t i = 0; i < q->count; i++) {
		struct queue_rcpt *r = &q->rcpts[i];

		if (r->state > RCPT_DEFERRED || r->at_work ||
			r->next_us > now.us || !place_of(p, q, r, &name))
			continue;
		if (j ? !same_place(&name, &j->place->name)
		      : same_place(&name, full))
			continue;
		if (!j && !(j = new_job(p, q, &name))) {
			*full = name;
			continue;
		}
		j->rcpts[j->count++] = i;
		r->at_work = true;
	}
	if (!j)
		return NONE;
	q->at_work = true;
	return give_job(p, j, q) ? MADE : NOT_GIVEN;
}

/* A recipient that is no address can never be tried. */
static void
fail_impossible(struct queue_process *p, struct queued *q)
{
	static const struct relay_result result = {
		.reply = { .code = 501, .enhanced = "5.1.3" } };
	struct place_name place;

	for (uint32_t i = 0; i < q->count; i++)
		if (q->rcpts[i].state <= RCPT_DEFERRED &&
			!place_of(p, q, &q->rcpts[i], &place))
			note(p, q, i, &place, &result);
}

/* Who is too old and stands before a closed place gets what was said there last;
 * it counts as an attempt, and the second one is the end (rule O6). */
static void
fail_overdue(struct queue_process *p, struct queued *q, struct instant now)
{
	struct place_name name;

	if (now.us - q->arrived_us < site(p)->expire_us)
		return;
	for (uint32_t i = 0; i < q->count; i++) {
		const struct queue_rcpt *r = &q->rcpts[i];
		const struct destination *place;

		if (r->state > RCPT_DEFERRED || r->at_work ||
			r->next_us > now.us || !place_of(p, q, r, &name))
			continue;
		place = place_find(p, &name);
		if (place && place_is_closed(place))
			note(p, q, i, &name,
				&(struct relay_result){
					.reply = place->last });
	}
}

void
work_overdue(struct queue_process *p)
{
	struct instant now = clock_instant();

	for (struct queued *q = queue_next(p->queue, NULL);
		q && now.us - q->arrived_us >= site(p)->expire_us;
		q = queue_next(p->queue, q))
		if (q->line)
			queue_put_back(p->queue, q, now);
}

/* Nobody has room for it: it stands in the line of a place, or comes again. */
static void
wait(struct queue_process *p, struct queued *q, struct instant now,
	const struct place_name *full)
{
	struct destination *place = full->len > 0 ? place_find(p, full) : NULL;

	if (place)
		place_wait(p, place, q);
	else
		queue_put_back(p->queue, q,
			(struct instant){ now.us + CAP_WAIT });
}

static void
work_on(struct queue_process *p, struct queued *q, struct instant now)
{
	struct place_name full = { 0 };
	enum made made;

	fail_impossible(p, q);
	fail_overdue(p, q, now);
	if (q->open == 0) {
		message_over(p, q);
		return;
	}
	do
		made = make_job(p, q, now, &full);
	while (made == MADE);
	if (made == NONE && !q->at_work)
		wait(p, q, now, &full);
}

void
work_give_out(struct queue_process *p)
{
	struct instant now = clock_instant();
	struct queued *q;

	p->opens = place_call_all(p);
	for (int i = 0; i < TURN_MESSAGES && !p->stopping; i++) {
		if (!role_link(p->role, RELAY) || !role_link(p->role, DIAL) ||
			pool_used(p->jobs) >= site(p)->relay_connections)
			return;
		q = queue_due(p->queue, now);
		if (!q)
			return;
		work_on(p, q, now);
	}
}

/* --- results ------------------------------------------------------------- */

void
work_result(struct queue_process *p, const struct relay_result *m)
{
	struct job *j = find_job(p, m->head.session);

	if (j && m->head.serial < j->count)
		note_job(p, j, m->head.serial, m);
}

void
work_done(struct queue_process *p, const struct channel *relay,
	const struct relay_done *m)
{
	struct job *j = find_job(p, m->head.session);

	if (!j)
		return;
	if (m->connection != 0 && p->idle_count < IDLE_MAX) {
		p->idle[p->idle_count].relay = relay;
		p->idle[p->idle_count].connection = m->connection;
		p->idle[p->idle_count++].place = j->place->name;
	}
	judge_place(p, j);
	release(p, j, (struct instant){ 0 });
}

void
work_dial_failed(struct queue_process *p, const struct dial_failed *m)
{
	struct job *j = find_job(p, m->head.session);

	if (!j)
		return;
	for (uint32_t i = 0; i < j->count; i++)
		note_job(p, j, i, &(struct relay_result){ .reply = m->reply });
	judge_place(p, j);
	drop(p, j->id);
	release(p, j, (struct instant){ 0 });
}

/* Dial went away: relay has a connection for some jobs and goes on with them,
 * and ends the others; either way it says so. */
void
work_dial_lost(struct queue_process *p)
{
	for (uint32_t i = 0; i < pool_size(p->jobs); i++) {
		const struct job *j = pool_at(p->jobs, i);

		if (j)
			drop(p, j->id);
	}
}

/* Relay went away: what it had at work is tried again soon, and only that: its
 * successor may be at work by now.  A server may have taken a message whose
 * result did not come: at least once. */
void
work_relay_lost(struct queue_process *p, const struct channel *relay)
{
	struct instant soon = { clock_instant().us + LOST_WAIT };

	for (size_t i = p->idle_count; i-- > 0;)
		if (p->idle[i].relay == relay)
			p->idle[i] = p->idle[--p->idle_count];
	for (uint32_t i = 0; i < pool_size(p->jobs); i++) {
		struct job *j = pool_at(p->jobs, i);

		if (j && j->relay == relay)
			release(p, j, soon);
	}
}
