#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "proc/relay/relay.h"
#include "sys/fd.h"

#define ENVELOPE MiB(1)

struct job *
job_find(struct relay *r, uint64_t id)
{
	for (uint32_t i = 0; i < pool_size(r->jobs); i++) {
		struct job *j = pool_at(r->jobs, i);

		if (j && j->id == id)
			return j;
	}
	return NULL;
}

/* --- results ------------------------------------------------------------- */

/* A queue that is away asks again: at least once, RFC 5321 section 6.1.  One that
 * is busy must hear it: without a result the server gets the message twice,
 * without an end the job is at work for ever.  One that hears nothing any more
 * takes back what we had when we are gone. */
void
relay_say(struct relay *r, const void *message)
{
	if (channel_send_patiently(role_link(r->role, QUEUE), message,
		    QUEUE_US) == &fault_ipc_busy)
		exit(EXIT_FAULT);
}

static void
tell(struct relay *r, const struct job *j, uint32_t rcpt,
	const struct response *response)
{
	const struct connection *c = j->connection;
	struct relay_result m = { .head = { .type = RELAY_RESULT,
					  .serial = rcpt,
					  .session = j->id },
		.reports = c && c->client.peer.dsn };

	m.reply.code = (uint16_t)response->code;
	m.reply.text_len = response->text_len;
	memcpy(m.reply.enhanced, response->enhanced, sizeof m.reply.enhanced);
	memcpy(m.reply.text, response->text, response->text_len);
	relay_say(r, &m);
}

static void
tell_done(struct relay *r, uint64_t job, uint64_t connection)
{
	struct relay_done m = { .head = { .type = RELAY_DONE, .session = job },
		.connection = connection };

	relay_say(r, &m);
}

void
job_tell(struct relay *r, const struct job *j, size_t rcpt,
	const struct response *response)
{
	tell(r, j, (uint32_t)rcpt, response);
}

void
job_fail(struct relay *r, struct job *j, const char *why)
{
	struct response response;

	response_make(&response, 451, "4.4.0", span_of(why));
	for (uint32_t i = 0; i < j->expected; i++)
		tell(r, j, i, &response);
	job_close(r, j);
}

void
job_close(struct relay *r, struct job *j)
{
	struct connection *c = j->connection;
	bool stays = c && c->stream && c->client.state == CLIENT_IDLE &&
		!c->used_up && !r->stopping;

	tell_done(r, j->id, stays ? c->id : 0);
	if (c)
		c->job = NULL;
	timer_close(&j->patience);
	fd_close(&j->body);
	arena_reset(&j->arena);
	pool_give(r->jobs, j->slot);
	if (r->stopping && pool_used(r->jobs) == 0)
		role_stop(r->role);
}

/* --- what the queue hands over ------------------------------------------- */

struct waiting {
	struct relay *relay;
	struct job *job;
};

static struct waiting waiting[JOBS_MAX];

static void
nobody_connected(void *arg)
{
	struct waiting *w = arg;

	if (!w->job->connection)
		job_fail(w->relay, w->job, "No connection");
}

/* Without it the smarthost would refuse for good what it only does not know. */
static bool
lacks_password(const struct relay *r)
{
	return site_of(r->role)->relay_login[0] != 0 && r->login.len == 0;
}

void
job_begin(struct relay *r, struct job *j)
{
	struct connection *c;

	if (!job_is_whole(j))
		return;
	if (lacks_password(r)) {
		job_fail(r, j, "No password for our login");
		return;
	}
	c = connection_find(r, j->reuse ? j->reuse : j->id);
	if (c && !c->job)
		connection_take(c, j);
	else if (j->reuse) /* it ended meanwhile: the queue gives it again */
		job_close(r, j);
}

static FALLIBLE
fill(struct relay *r, struct job *j, const struct relay_job *m)
{
	struct span sender, envid;

	arena_init(&j->arena, &r->arenas, ENVELOPE);
	TRY(arena_copy(&j->arena, span_at(m->sender, m->sender_len), &sender));
	TRY(arena_copy(&j->arena, span_at(m->wish.envid, m->wish.envid_len),
		&envid));
	j->message = (struct client_job){ .sender = sender,
		.rcpts = j->rcpts,
		.size = m->size,
		.eight_bit = m->eight_bit,
		.utf8 = m->wish.utf8,
		.ret = m->wish.ret,
		.envid = envid };
	return timer_open(role_loop(r->role), nobody_connected,
		&waiting[j->slot], &j->patience);
}

/* The queue hands a job over in one go, so one that is not whole when the next
 * begins was broken off; the queue has taken its recipients back. */
static void
close_begun(struct relay *r)
{
	for (uint32_t i = 0; i < pool_size(r->jobs); i++) {
		struct job *j = pool_at(r->jobs, i);

		if (j && !job_is_whole(j))
			job_close(r, j);
	}
}

void
job_open(struct relay *r, const struct relay_job *m, int body)
{
	OWNED(fd_close) int fd = body;
	struct job *j;
	uint32_t slot;

	close_begun(r);
	if (m->rcpts == 0 || m->rcpts > CLIENT_RCPTS_MAX ||
		m->sender_len > ADDRESS_MAX ||
		m->wish.envid_len > WISH_ENVID_MAX || r->stopping)
		return;
	j = pool_take(r->jobs, &slot);
	if (!j)
		return;
	j->id = m->head.session;
	j->slot = slot;
	j->reuse = m->reuse;
	j->expected = m->rcpts;
	j->body = fd_give(&fd);
	waiting[slot] = (struct waiting){ r, j };
	if (fill(r, j, m))
		job_fail(r, j, "No room");
	else
		timer_set(j->patience, DIALLING_US);
}

static FALLIBLE
keep_rcpt(struct job *j, const struct relay_rcpt *m)
{
	struct client_rcpt *r = &j->rcpts[j->message.count];

	TRY(arena_copy(&j->arena, span_at(m->address, m->address_len),
		&r->address));
	r->notify = m->wish.notify;
	return arena_copy(&j->arena,
		span_at(m->wish.orcpt, m->wish.orcpt_len), &r->orcpt);
}

void
job_add_rcpt(struct relay *r, const struct relay_rcpt *m)
{
	struct job *j = job_find(r, m->head.session);

	if (!j || job_is_whole(j) || m->address_len > ADDRESS_MAX ||
		m->wish.orcpt_len > WISH_ORCPT_MAX)
		return;
	if (keep_rcpt(j, m)) {
		job_fail(r, j, "No room");
		return;
	}
	j->message.count++;
	job_begin(r, j);
}

void
job_drop(struct relay *r, uint64_t id)
{
	struct job *j = job_find(r, id);

	if (j && !j->connection)
		job_close(r, j);
}
