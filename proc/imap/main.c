/* imap -- one session of one account. */
#include <stdlib.h>

#include "proc/imap/imap.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/pool.h"

#define OUTPUT_FULL (64 << 10) /* octets waiting: the engine waits too */

#define LAST_WORDS  SECONDS(30)

/* End, once the client has been sent what it is to get. */
static void
over(struct imap *i, const char *reason)
{
	if (i->over)
		return;
	i->over = true;
	LOG(EV_SESSION_ENDED, i->session, log_text(span_of(reason)));
	if (i->client && stream_waiting(i->client) > 0)
		stream_deadline(i->client, LAST_WORDS);
	else
		role_stop(i->role);
}

static void
flush(struct imap *i)
{
	struct span out = imap_output(i->engine);

	if (out.len == 0 || !i->client || stream_write(i->client, out))
		return;
	imap_sent(i->engine, out.len);
}

/* One turn of the engine; false when there is something to wait for. */
static bool
turn(struct imap *i, struct span *in)
{
	enum imap_turn t = imap_run(i->engine, in);
	const struct fault *f;

	flush(i);
	if (t == IMAP_CLOSE) {
		over(i, "closed");
		return false;
	}
	if (t == IMAP_WRITE)
		return i->client && stream_waiting(i->client) <= OUTPUT_FULL;
	if (t == IMAP_READ)
		return false;
	shown_views_trim(&i->views, i->engine);
	f = ask_for(i, imap_asked(i->engine));
	if (f)
		imap_answer(i->engine, f);
	return i->asked == 0;
}

static void
run(struct imap *i, struct span *in)
{
	if (i->running)
		return;
	i->running = true;
	while (!i->over && i->asked == 0 &&
		stream_waiting(i->client) <= OUTPUT_FULL)
		if (!turn(i, in))
			break;
	i->running = false;
}

void
imap_pump(struct imap *i)
{
	struct span nothing = span_at(NULL, 0);

	if (i->over || i->running)
		return;
	run(i, &nothing);
	if (!i->over && i->asked == 0)
		stream_resume(i->client);
}

static size_t
client_input(void *owner, struct span in)
{
	struct imap *i = owner;
	struct span rest = in;

	timer_set(i->idle, site_of(i->role)->imap_idle_us);
	run(i, &rest);
	return in.len - rest.len;
}

static void
client_drained(void *owner)
{
	struct imap *i = owner;

	if (i->over)
		role_stop(i->role);
	else
		imap_pump(i);
}

static void
client_ended(void *owner, enum stream_end why)
{
	struct imap *i = owner;

	(void)why;
	i->client = NULL;
	if (i->over)
		role_stop(i->role);
	over(i, "client gone");
}

static const struct stream_events client_events = {
	.input = client_input,
	.drained = client_drained,
	.ended = client_ended,
};

static void
say_bye(struct imap *i, const char *text)
{
	if (i->over || !i->engine || !i->client)
		return;
	imap_bye(i->engine, text);
	i->asked = 0;
	imap_pump(i);
}

static void
idle_too_long(void *arg)
{
	say_bye(arg, "Idle for too long");
}

/* --- what master hands out ----------------------------------------------- */

static void
prepare(void *owner, struct role_process *r)
{
	struct imap *i = owner;

	i->role = r;
	i->append = BODY_CLOSED;
	i->engine = pool_storage(imap_session_size());
	if (!i->engine || timer_open(role_loop(r), idle_too_long, i, &i->idle))
		exit(EXIT_FAULT);
}

static void
take_session(void *owner, const struct session_given *s)
{
	struct imap *i = owner;

	i->session = s->head.session;
	i->account = s->account;
}

static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	struct imap *i = owner;

	(void)number;
	if (purpose != FILE_SESSION || i->client) {
		fd_close(&fd);
		return;
	}
	if (fd_nonblocking(fd) ||
		stream_open(role_loop(i->role), fd, &client_events, i,
			&i->client))
		exit(EXIT_FAULT);
	stream_pause(i->client); /* until the sandbox is closed */
}

static void
linked(void *owner, struct channel *c, const struct link_given *m)
{
	struct imap *i = owner;

	(void)m;
	switch (channel_peer(c)) {
	case STORE:
		i->store = c;
		break;
	case SCAN:
		i->scan = c;
		break;
	case QUEUE:
		i->queue = c;
		break;
	default:
		break;
	}
}

/* Without its store the session cannot go on: store is away, or the login has
 * ended. */
static void
unlinked(void *owner, struct channel *c)
{
	struct imap *i = owner;

	if (i->store == c) {
		i->store = NULL;
		say_bye(i, "The session has ended, log in again");
		return;
	}
	if (i->scan == c)
		i->scan = NULL;
	if (i->queue == c)
		i->queue = NULL;
	if (i->asked && i->whom == c) {
		i->asked = 0;
		imap_answer(i->engine, &fault_ipc_closed);
		imap_pump(i);
	}
}

static void
stop(void *owner)
{
	struct imap *i = owner;

	say_bye(i, "Server is stopping");
	over(i, "stopped");
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.session = take_session,
	.file = take_file,
	.linked = linked,
	.unlinked = unlinked,
	.stop = stop,
};

int
main(void)
{
	static struct imap imap;
	struct role_process *r = role_start(IMAP, &imap_handlers, &hooks, &imap);
	struct imap_setup setup = {
		.permits = IMAP_PERMIT_ALL,
		.append_max = site_of(r)->max_message < UINT32_MAX
			? site_of(r)->max_message
			: UINT32_MAX,
	};

	if (!imap.client || !imap.store)
		return EXIT_FAULT;
	imap_session_init(imap.engine, &setup);
	role_sandbox(r);
	timer_set(imap.idle, site_of(r)->imap_idle_us);
	imap_pump(&imap);
	return role_run(r);
}
