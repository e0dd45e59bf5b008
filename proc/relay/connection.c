#include <string.h>
#include <unistd.h>

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "proc/relay/relay.h"
#include "sys/fd.h"
#include "sys/log.h"

#define PIECE (12 << 10) /* octets of a message at a time; doubled dots and
			  * commands fit beside them */

static void run(struct connection *c, struct span *in);

struct connection *
connection_find(struct relay *r, uint64_t id)
{
	for (uint32_t i = 0; i < pool_size(r->connections); i++) {
		struct connection *c = pool_at(r->connections, i);

		if (c && c->id == id)
			return c;
	}
	return NULL;
}

/* --- the end ------------------------------------------------------------- */

static void
forget(struct connection *c)
{
	struct relay *r = c->relay;
	struct relay_gone m = { .head = { .type = RELAY_GONE },
		.connection = c->id };

	MUST(!c->job);
	stream_finish(&c->stream);
	pool_give(r->connections, c->slot);
	relay_say(r, &m);
}

/* The connection is of no use: the job's recipients get `why`. */
static void
lose(struct connection *c, const char *enhanced, const char *why)
{
	struct response response;
	struct span nothing = span_at(NULL, 0);

	response_make(&response, 451, enhanced, span_of(why));
	smtp_client_lost(&c->client, &response);
	if (!c->running)
		run(c, &nothing);
}

static void
ended(void *owner, enum stream_end why)
{
	static const char *const reasons[] = {
		[STREAM_CLOSED] = "Connection closed by peer",
		[STREAM_CUT] = "Connection lost",
		[STREAM_BROKEN] = "TLS failed",
		[STREAM_TIMEOUT] = "Peer does not answer",
	};
	struct connection *c = owner;

	if (why == STREAM_BROKEN)
		LOG(EV_TLS_REFUSED, c->id,
			log_text(span_of(stream_reason(c->stream))));
	c->stream = NULL;
	lose(c, why == STREAM_BROKEN ? "4.7.5" : "4.4.2", reasons[why]);
}

/* NULL: it is none. */
static const struct site_smarthost *
smarthost_of(const struct connection *c)
{
	return site_smarthost(site_of(c->relay->role), c->host, c->port);
}

/* The host whose key the settings name, NULL: the settings name none. */
static const struct site_smarthost *
pin_of(const struct connection *c)
{
	const struct site_smarthost *h = smarthost_of(c);

	if (!h)
		h = site_route_host(site_of(c->relay->role), c->host, c->port);
	return h && h->pinned ? h : NULL;
}

/* Is the peer whom the settings say it is? */
static bool
has_pinned_key(const struct connection *c)
{
	const struct site_smarthost *h = pin_of(c);
	uint8_t key[sizeof h->pin];

	return !h || (!tls_peer_key(stream_tls(c->stream), key) &&
			     memcmp(key, h->pin, sizeof key) == 0);
}

/* --- what the engine asks for -------------------------------------------- */

/* in  octets that came and were not taken yet */
static void
start_tls(struct connection *c, struct span in)
{
	struct tls_context *context = c->tls == TLS_REQUIRED && !pin_of(c)
		? c->relay->verified
		: c->relay->any;

	/* octets behind the answer to STARTTLS would be taken for TLS-borne
	 * ones (security rule T2) */
	if (in.len > 0 || stream_rest(c->stream) > 0 || !context ||
		stream_connect_tls(c->stream, context, c->host))
		lose(c, "4.7.5", "TLS failed");
}

/* Its recipients have their results; what the connection still has to say does
 * not keep the job, nor the place that waits for its end. */
static void
finish_job(struct connection *c)
{
	if (!c->job || smtp_client_is_busy(&c->client))
		return;
	job_close(c->relay, c->job);
	if (c->stream)
		stream_deadline(c->stream, IDLE_US);
}

static void
next_job(struct connection *c)
{
	finish_job(c);
	if (c->relay->stopping)
		smtp_client_quit(&c->client);
}

static void
give_octets(struct connection *c, uint64_t offset)
{
	static uint8_t octets[PIECE];
	uint64_t size = c->job->message.size;
	size_t want = size - offset < sizeof octets ? (size_t)(size - offset)
						    : sizeof octets;
	ssize_t n = pread(c->job->body, octets, want, (off_t)offset);

	if (n < 0 || (n == 0 && want > 0)) {
		lose(c, "4.3.0", "Message cannot be read");
		return;
	}
	smtp_client_octets(&c->client, span_at(octets, (size_t)n),
		offset + (uint64_t)n == size);
}

/* A connection that was open already ended, or the server has enough of it,
 * before it took anybody: that says nothing about the message.  Without results
 * the queue gives it out again, to a new connection. */
static bool
is_used_up(const struct connection *c, const struct response *r)
{
	return c->job->reuse && c->client.accepted == 0 &&
		(!c->stream || r->code == 421);
}

static void
tell_result(struct connection *c, const struct client_ask *ask)
{
	if (is_used_up(c, ask->response))
		c->used_up = true;
	else
		job_tell(c->relay, c->job, ask->rcpt, ask->response);
	smtp_client_noted(&c->client);
}

static void
answer(struct connection *c, struct span in)
{
	const struct client_ask *ask = &c->client.ask;

	switch (ask->verb) {
	case CLIENT_ASK_TLS:
		start_tls(c, in);
		return;
	case CLIENT_ASK_JOB:
		next_job(c);
		return;
	case CLIENT_ASK_OCTETS:
		give_octets(c, ask->offset);
		return;
	case CLIENT_ASK_RESULT:
		tell_result(c, ask);
		return;
	}
}

/* Is the engine waiting for something that does not come from here? */
static bool
must_wait(const struct connection *c)
{
	return c->client.asking &&
		(c->client.ask.verb == CLIENT_ASK_JOB ||
			c->client.ask.verb == CLIENT_ASK_TLS);
}

static void
flush(struct connection *c)
{
	struct span out = smtp_client_output(&c->client);

	if (!c->stream) {
		smtp_client_sent(&c->client, out.len);
		return;
	}
	if (out.len > 0 && !stream_write(c->stream, out))
		smtp_client_sent(&c->client, out.len);
}

static bool
turn(struct connection *c, struct span *in)
{
	switch (smtp_client_run(&c->client, in)) {
	case CLIENT_READ:
		flush(c);
		return false;
	case CLIENT_WRITE:
		flush(c);
		return !c->stream ||
			stream_waiting(c->stream) < STREAM_OUTPUT_MAX / 2;
	case CLIENT_ASK:
		flush(c);
		answer(c, *in);
		return !must_wait(c);
	case CLIENT_CLOSE:
		flush(c);
		return false;
	}
	return false;
}

static void
run(struct connection *c, struct span *in)
{
	if (c->running)
		return;
	c->running = true;
	while (turn(c, in))
		;
	c->running = false;
	finish_job(c);
	if (c->client.state == CLIENT_OVER && !c->client.asking) {
		if (c->job)
			job_close(c->relay, c->job);
		forget(c);
		return;
	}
	if (c->stream && c->job)
		stream_deadline(c->stream,
			c->client.state == CLIENT_FINAL ? FINAL_US : ANSWER_US);
}

/* --- the stream ---------------------------------------------------------- */

static size_t
input(void *owner, struct span in)
{
	struct connection *c = owner;
	struct relay *r = c->relay;
	uint32_t slot = c->slot;
	struct span rest = in;

	if (must_wait(c)) { /* it speaks without being asked */
		lose(c, "4.5.0", "Peer broke the protocol");
		return in.len;
	}
	run(c, &rest);
	return pool_at(r->connections, slot) == c ? in.len - rest.len : in.len;
}

/* There is room for output: first for what the engine has, then for what it has
 * to say to input that was left. */
static void
drained(void *owner)
{
	struct span nothing = span_at(NULL, 0);
	struct connection *c = owner;
	struct relay *r = c->relay;
	uint32_t slot = c->slot;

	if (must_wait(c))
		return;
	run(c, &nothing);
	if (pool_at(r->connections, slot) == c && c->stream)
		stream_resume(c->stream);
}

static void
secured(void *owner)
{
	struct span nothing = span_at(NULL, 0);
	struct connection *c = owner;
	struct tls_info info;

	tls_info(stream_tls(c->stream), &info);
	LOG(EV_TLS_STARTED, c->id, log_text(span_of(info.version_name)),
		log_text(span_of(info.cipher_name)));
	if (!has_pinned_key(c)) {
		LOG(EV_TLS_REFUSED, c->id, log_text(SPAN("another key")));
		lose(c, "4.7.5", "TLS failed: not the pinned key");
		return;
	}
	smtp_client_secured(&c->client);
	run(c, &nothing);
}

static const struct stream_events events = {
	.input = input,
	.drained = drained,
	.secured = secured,
	.ended = ended,
};

/* --- jobs ---------------------------------------------------------------- */

void
connection_take(struct connection *c, struct job *j)
{
	struct span nothing = span_at(NULL, 0);

	c->job = j;
	j->connection = c;
	timer_clear(j->patience);
	smtp_client_job(&c->client, &j->message);
	run(c, &nothing);
}

static const struct {
	const char *name;
	enum client_tls tls;
} policies[TLS_POLICIES] = {
	[TLS_OPPORTUNISTIC] = { "opportunistic", CLIENT_TLS_OPPORTUNISTIC },
	[TLS_REQUIRED] = { "required", CLIENT_TLS_REQUIRED },
	[TLS_NONE] = { "none", CLIENT_TLS_NONE },
};

/* A server that is known by its key is spoken to under TLS or not at all. */
static void
init_client(struct connection *c)
{
	struct client_setup setup = {
		.host = SITE_TEXT(site_of(c->relay->role)->host),
		.tls = pin_of(c) ? CLIENT_TLS_REQUIRED
				 : policies[c->tls].tls,
	};

	if (smarthost_of(c) && setup.tls == CLIENT_TLS_REQUIRED)
		setup.login = buf_view(&c->relay->login);
	smtp_client_init(&c->client, &setup);
}

void
connection_open(struct relay *r, const struct dial_connected *m, int fd)
{
	OWNED(fd_close) int socket = fd;
	struct job *j = job_find(r, m->head.session);
	struct connection *c;
	uint32_t slot;

	if (m->host_len > NAME_MAX_ || m->tls >= TLS_POLICIES || r->stopping ||
		connection_find(r, m->head.session))
		return;
	c = pool_take(r->connections, &slot);
	if (!c)
		return;
	c->relay = r;
	c->id = m->head.session;
	c->slot = slot;
	c->tls = m->tls;
	c->port = m->port;
	memcpy(c->host_text, m->host, m->host_len);
	c->host = span_at(c->host_text, m->host_len);
	init_client(c);
	if (fd_nonblocking(socket) ||
		stream_open(role_loop(r->role), fd_give(&socket), &events, c,
			&c->stream)) {
		pool_give(r->connections, slot);
		return;
	}
	LOG(EV_CONNECTED_OUT, c->id, log_text(c->host), log_address(m->address),
		log_number(m->port),
		log_text(span_of(policies[m->tls].name)));
	stream_deadline(c->stream, ANSWER_US);
	if (j)
		job_begin(r, j);
}

void
connection_close_idle(struct relay *r)
{
	struct span nothing = span_at(NULL, 0);

	for (uint32_t i = 0; i < pool_size(r->connections); i++) {
		struct connection *c = pool_at(r->connections, i);

		if (!c || c->job || !c->client.asking ||
			c->client.ask.verb != CLIENT_ASK_JOB)
			continue;
		smtp_client_quit(&c->client);
		run(c, &nothing);
	}
}
