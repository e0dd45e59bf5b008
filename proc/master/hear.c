#include "proc/master/hear.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "proc/master/give.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "trust/rights.h"

static struct process *
row_of(struct master *m, const struct channel *c)
{
	for (size_t i = 0; i < PROCESSES; i++)
		if (m->processes[i].channel == c)
			return &m->processes[i];
	return NULL;
}

static void
take_ready(void *owner, struct channel *c, const void *message, int fd)
{
	struct process *p = row_of(owner, c);

	(void)message;
	(void)fd;
	if (p)
		p->ready = true;
}

static struct process *
find(struct master *m, enum role role, uint32_t instance)
{
	for (size_t i = 0; i < PROCESSES; i++) {
		struct process *p = &m->processes[i];

		if (p->pid > 0 && p->role == role && p->instance == instance)
			return p;
	}
	return NULL;
}

/* A forbidden message has two ends, and the one that tells of it may be the one
 * that was taken over.  Who is nearer to strangers is ended, whoever tells:
 * whoever lies about those behind it ends itself and nobody else. */
static void
take_forbidden(void *owner, struct channel *c, const void *message, int fd)
{
	const struct peer_forbidden *f = message;
	struct process *teller = row_of(owner, c), *other;

	(void)fd;
	if (!teller || f->role <= MASTER || f->role >= CTL ||
		!rights_linked(teller->role, f->role))
		return;
	other = find(owner, f->role, f->instance);
	if (!other ||
		role_row(teller->role)->exposure > role_row(f->role)->exposure)
		other = teller;
	LOG(EV_PEER_FORBIDDEN_, 0, log_text(span_of(role_name(teller->role))),
		log_text(span_of(role_name(f->role))),
		log_text(span_of(message_name(f->message))),
		log_text(span_of(role_name(other->role))));
	kill(other->pid, SIGKILL);
}

/* scan may not connect: it asks, and only ever gets the virus engine. */
static void
take_clamd_wanted(void *owner, struct channel *c, const void *message, int fd)
{
	struct master *m = owner;
	struct process *p = row_of(m, c);
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	OWNED(fd_close) int engine = socket(AF_UNIX,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)message;
	(void)fd;
	if (!p || engine < 0 ||
		SITE_TEXT(m->site.clamd).len >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, m->site.clamd, SITE_TEXT(m->site.clamd).len);
	if (connect(engine, (struct sockaddr *)&to, sizeof to) == 0)
		give_file(p, FILE_CLAMD, engine);
}

static void
take_session_open(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int stream = fd;
	const struct session_open *s = message;
	struct process *p = row_of(owner, c);

	if (s->login_len <= sizeof s->login) {
		process_start_session(owner, s, stream);
		return;
	}
	LOG(EV_PEER_FORBIDDEN_, s->head.session, log_text(SPAN("master")),
		log_text(SPAN("auth")), log_text(SPAN("SESSION_OPEN")),
		log_text(SPAN("auth")));
	if (p)
		kill(p->pid, SIGKILL);
}

static void
role_gone(void *owner, struct channel *c)
{
	struct process *p = row_of(owner, c);

	if (!p)
		return;
	if (p->role == LOG)
		log_open(NULL);
	p->channel = NULL;
	if (p->pid > 0) /* without its channel it is of no use */
		kill(p->pid, SIGKILL);
}

const struct handlers hear_role = {
	.on = {
		[READY] = take_ready,
		[PEER_FORBIDDEN] = take_forbidden,
		[CLAMD_WANTED] = take_clamd_wanted,
		[SESSION_OPEN] = take_session_open,
	},
	.gone = role_gone,
};
