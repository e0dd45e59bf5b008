#include "proc/master/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "sys/account.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "trust/rights.h"

#define BACKOFF_FIRST (SECONDS(1) / 10)
#define BACKOFF_LAST  SECONDS(10)
#define STEADY        SECONDS(60) /* this long alive forgets the back-off */
#define STOP_PATIENCE SECONDS(10) /* a stage of the stop */

/* The files that a role is handed, as descriptors. */
static const struct file_row {
	uint32_t roles; /* set */
	enum file_purpose purpose;
	size_t path; /* in struct site */
	int flags;
} files[] = {
	{ ROLE_BIT(MX) | ROLE_BIT(SUBMISSION) | ROLE_BIT(LOGIN),
		FILE_CERTIFICATE, offsetof(struct site, certificate), 0 },
	{ ROLE_BIT(KEYS), FILE_KEY, offsetof(struct site, key), 0 },
	{ ROLE_BIT(AUTH), FILE_USERS, offsetof(struct site, users), 0 },
	{ ROLE_BIT(DNS), FILE_TRUST_ANCHOR,
		offsetof(struct site, trust_anchor), 0 },
	{ ROLE_BIT(RELAY), FILE_CA, offsetof(struct site, ca_file), 0 },
	{ ROLE_BIT(STORE), FILE_DIRECTORY,
		offsetof(struct site, mailbox_directory), O_DIRECTORY },
	{ ROLE_BIT(QUEUE), FILE_DIRECTORY,
		offsetof(struct site, queue_directory), O_DIRECTORY },
	{ ROLE_BIT(LOG), FILE_DIRECTORY, offsetof(struct site, log_directory),
		O_DIRECTORY },
};

static const uint32_t secret_roles[SECRETS] = {
	[SECRET_VERDICT] = ROLE_BIT(SCAN) | ROLE_BIT(STORE) | ROLE_BIT(QUEUE),
	[SECRET_GRANT] = ROLE_BIT(AUTH) | ROLE_BIT(QUEUE),
};

/* Who stops when: nobody is stopped before those whose work it keeps safe. */
static const uint32_t stop_stages[] = {
	ROLE_BIT(MX) | ROLE_BIT(SUBMISSION) | ROLE_BIT(LOGIN),
	ROLE_BIT(IMAP) | ROLE_BIT(DIAL) | ROLE_BIT(RELAY),
	ROLE_BIT(QUEUE),
	ROLE_BIT(STORE),
	ROLE_BIT(AUTH) | ROLE_BIT(SCAN) | ROLE_BIT(DNS) | ROLE_BIT(KEYS),
	ROLE_BIT(LOG),
};

static const struct handlers from_role;
static void start(struct master *m, struct process *p);

static const char *
site_path(const struct master *m, size_t offset)
{
	return (const char *)&m->site + offset;
}

/* --- handing out --------------------------------------------------------- */

/* A process that cannot be told something is dead or dying: reaping it is
 * what comes next, so a failure to send needs no answer. */
static void
tell(struct process *p, const void *message, int fd)
{
	const struct fault *f = channel_send(p->channel, message, fd);

	if (f == &fault_ipc_busy && p->pid > 0)
		kill(p->pid, SIGKILL);
}

static void
give_file(struct process *p, enum file_purpose purpose, int fd)
{
	struct file_given m = { .head = { .type = FILE_GIVEN },
		.purpose = purpose };

	if (fd >= 0)
		tell(p, &m, fd);
}

static void
give_files(struct master *m, struct process *p)
{
	give_file(p, FILE_NETNS, m->netns);
	give_file(p, FILE_EMPTY_ROOT, m->empty_root);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		OWNED(fd_close) int fd = -1;

		if (!(files[i].roles & ROLE_BIT(p->role)))
			continue;
		fd = open(site_path(m, files[i].path),
			O_RDONLY | O_CLOEXEC | files[i].flags);
		give_file(p, files[i].purpose, fd);
	}
}

static void
give_secrets(struct master *m, struct process *p)
{
	for (uint32_t kind = 1; kind < SECRETS; kind++) {
		struct secret_given s = { .head = { .type = SECRET_GIVEN },
			.kind = kind };

		if (!(secret_roles[kind] & ROLE_BIT(p->role)))
			continue;
		memcpy(s.key, m->secrets[kind], sizeof s.key);
		tell(p, &s, -1);
	}
}

static void
give_listener(struct process *p, int fd, uint32_t permit, uint32_t control)
{
	struct listen_given l = { .head = { .type = LISTEN_GIVEN },
		.permit = permit,
		.control = control };

	if (fd >= 0)
		tell(p, &l, fd);
}

static void
give_listeners(struct master *m, struct process *p)
{
	for (uint32_t i = 0; i < m->site.permits_count; i++)
		if (process_of_service(m->site.permits[i].service) == p->role)
			give_listener(p, m->listeners[i], i, 0);
	give_listener(p, m->controls[p->role], 0, 1);
}

static void
give_link(struct process *p, int fd, const struct process *peer)
{
	struct link_given l = { .head = { .type = LINK_GIVEN },
		.role = peer->role,
		.instance = peer->instance,
		.account = peer->account,
		.epoch = peer->epoch };

	tell(p, &l, fd);
}

static void
give_links(struct master *m, struct process *p)
{
	for (size_t i = 0; i < PROCESSES; i++) {
		struct process *q = &m->processes[i];
		int pair[2];

		if (q == p || !q->channel || !rights_linked(p->role, q->role))
			continue;
		if (fd_channel_pair(pair))
			continue;
		give_link(p, pair[0], q);
		give_link(q, pair[1], p);
		fd_close(&pair[0]);
		fd_close(&pair[1]);
	}
}

static void
give_site(struct master *m, struct process *p)
{
	struct site_given s = { .head = { .type = SITE_GIVEN },
		.generation = m->generation };

	tell(p, &s, m->site_fd);
}

/* --- starting ------------------------------------------------------------ */

static struct process *
free_row(struct master *m)
{
	for (size_t i = 0; i < PROCESSES; i++)
		if (m->processes[i].role == NOBODY)
			return &m->processes[i];
	return NULL;
}

/* In the child: nothing is open but the channel; the environment is ours. */
static void
become(struct master *m, enum role role, int channel)
{
	char *const argv[] = { (char *)(uintptr_t)role_row(role)->name, NULL };
	static char *const environment[] = { (char *)"PATH=/usr/bin:/bin",
		(char *)"LC_ALL=C", (char *)"TZ=UTC",
		(char *)"ASAN_OPTIONS=detect_leaks=0:handle_segv=0", NULL };
	int program = openat(m->libexec, argv[0], O_RDONLY | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (program < 0 || dup2(channel, 3) < 0 ||
		(program == 3 && (program = dup(program)) < 0))
		_exit(127);
	if (dup2(program, 4) < 0 || fcntl(4, F_SETFD, FD_CLOEXEC) < 0)
		_exit(127);
	close_range(5, ~0u, 0);
	fexecve(4, argv, environment);
	_exit(127);
}

/* Sessions have no timer: whoever asked for one is told that there is none. */
static void
start_later(struct process *p)
{
	if (p->again)
		timer_set(p->again, BACKOFF_LAST);
}

static void
start(struct master *m, struct process *p)
{
	OWNED(fd_close) int ours = -1;
	OWNED(fd_close) int theirs = -1;
	int pair[2];

	if (fd_channel_pair(pair)) {
		start_later(p);
		return;
	}
	ours = pair[0];
	theirs = pair[1];
	p->pid = fork();
	if (p->pid == 0)
		become(m, p->role, theirs);
	if (p->pid < 0) {
		p->pid = 0;
		start_later(p);
		return;
	}
	p->ready = false;
	p->accusations = 0;
	p->started = clock_instant();
	p->since = clock_tick();
	if (channel_open(m->loop, fd_give(&ours), MASTER, p->role, p->instance,
		    &from_role, m, &p->channel)) {
		kill(p->pid, SIGKILL);
		return;
	}
	give_site(m, p);
	if (p->role == LOG)
		log_open(p->channel);
	LOG(EV_PROCESS_STARTED, 0, log_text(span_of(role_name(p->role))),
		log_number((uint64_t)p->pid));
	give_files(m, p);
	give_secrets(m, p);
	give_listeners(m, p);
	give_links(m, p);
}

static void
go(struct process *p)
{
	struct plain message = { .head = { .type = GO } };

	tell(p, &message, -1);
}

struct restart {
	struct master *master;
	struct process *process;
};

static struct restart restarts[ROLES];

static void
start_again(void *arg)
{
	struct restart *r = arg;

	if (r->master->stopping || r->process->pid)
		return;
	r->process->restarts++;
	start(r->master, r->process);
	if (r->process->pid)
		go(r->process);
}

void
process_start_all(struct master *m)
{
	for (enum role role = LOG; role < CTL; role++) {
		struct process *p = &m->processes[role];

		if (role_row(role)->on_demand)
			continue;
		p->role = role;
		restarts[role] = (struct restart){ m, p };
		if (!timer_open(m->loop, start_again, &restarts[role],
			    &p->again))
			start(m, p);
		if (p->pid)
			go(p);
	}
}

void
process_start_session(struct master *m, const struct session_open *s,
	int stream)
{
	struct session_given given = { .head = { .type = SESSION_GIVEN,
					       .session = s->head.session },
		.account = s->account,
		.login_len = s->login_len };
	struct process *p = free_row(m);
	size_t all = 0, own = 0;

	for (size_t i = 0; i < PROCESSES; i++)
		if (m->processes[i].role == IMAP) {
			all++;
			own += m->processes[i].account == s->account;
		}
	/* The stream closes and the client reads an orderly end. */
	if (!p || m->stopping || all >= m->site.max_imap ||
		own >= m->site.max_imap_account)
		return;
	*p = (struct process){ .role = IMAP,
		.instance = ++m->sessions,
		.account = s->account,
		.epoch = s->epoch };
	start(m, p);
	if (!p->pid) {
		p->role = NOBODY;
		return;
	}
	memcpy(given.login, s->login, sizeof given.login);
	tell(p, &given, -1);
	give_file(p, FILE_SESSION, stream);
	go(p);
}

/* --- the end of a process ------------------------------------------------ */

static void
ended(struct master *m, struct process *p, int status)
{
	bool steady = clock_tick().us - p->since.us > STEADY;
	int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (p->role == LOG)
		log_open(NULL);
	channel_close(&p->channel);
	if (p->role != IMAP || status != 0)
		LOG(EV_PROCESS_ENDED, 0, log_text(span_of(role_name(p->role))),
			log_number((uint64_t)p->pid),
			log_number((uint64_t)WEXITSTATUS(status)),
			log_number((uint64_t)signal));
	p->pid = 0;
	p->ready = false;
	if (p->role == IMAP) {
		p->role = NOBODY;
		return;
	}
	p->wait_us = steady || p->wait_us == 0 ? BACKOFF_FIRST
		: p->wait_us * 2 > BACKOFF_LAST ? BACKOFF_LAST
						: p->wait_us * 2;
	if (!m->stopping)
		timer_set(p->again, p->wait_us);
}

void
process_reap(struct master *m)
{
	int status, pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < PROCESSES; i++)
			if (m->processes[i].pid == pid)
				ended(m, &m->processes[i], status);
	if (m->stopping)
		process_stop_next(m);
}

void
process_stop_next(struct master *m)
{
	struct plain stop = { .head = { .type = STOP } };
	bool waiting = false;

	for (size_t i = 0; m->stopping > 0 && i < PROCESSES; i++)
		waiting |= m->processes[i].pid > 0 &&
			(stop_stages[m->stopping - 1] &
				ROLE_BIT(m->processes[i].role));
	if (waiting)
		return;
	if (m->stopping == (int)COUNT_OF(stop_stages)) {
		loop_stop(m->loop, 0);
		return;
	}
	m->stopping++;
	for (size_t i = 0; i < PROCESSES; i++)
		if (m->processes[i].pid > 0 &&
			(stop_stages[m->stopping - 1] &
				ROLE_BIT(m->processes[i].role)))
			tell(&m->processes[i], &stop, -1);
	timer_set(m->stop_timer, STOP_PATIENCE);
	process_stop_next(m);
}

void
process_stop_late(struct master *m)
{
	for (size_t i = 0; m->stopping > 0 && i < PROCESSES; i++)
		if (m->processes[i].pid > 0 &&
			(stop_stages[m->stopping - 1] &
				ROLE_BIT(m->processes[i].role)))
			kill(m->processes[i].pid, SIGKILL);
}

/* --- settings and permits ------------------------------------------------ */

enum role
process_of_service(uint32_t service)
{
	static const enum role roles[SERVICES] = {
		[SERVICE_MX] = MX,
		[SERVICE_SUBMISSIONS] = SUBMISSION,
		[SERVICE_SUBMISSION] = SUBMISSION,
		[SERVICE_IMAPS] = LOGIN,
	};

	return service < SERVICES ? roles[service] : NOBODY;
}

void
process_tell_site(struct master *m)
{
	for (size_t i = 0; i < PROCESSES; i++)
		if (m->processes[i].channel)
			give_site(m, &m->processes[i]);
}

void
process_tell_listener(struct master *m, uint32_t permit, bool open)
{
	enum role role = process_of_service(m->site.permits[permit].service);
	struct listen_ended end = { .head = { .type = LISTEN_ENDED },
		.permit = permit };

	if (!m->processes[role].channel)
		return;
	if (open)
		give_listener(&m->processes[role], m->listeners[permit], permit,
			0);
	else
		tell(&m->processes[role], &end, -1);
}

/* --- what the roles tell master ------------------------------------------ */

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

static void
kill_peer(struct master *m, enum role role, uint32_t instance)
{
	for (size_t i = 0; i < PROCESSES; i++) {
		struct process *p = &m->processes[i];

		if (p->pid > 0 && p->role == role && p->instance == instance)
			kill(p->pid, SIGKILL);
	}
}

/* A broken channel has two ends, and the one that tells may be the one that was
 * taken over: it names peers of its own only, and who accuses again goes too. */
static void
take_forbidden(void *owner, struct channel *c, const void *message, int fd)
{
	const struct peer_forbidden *f = message;
	struct process *p = row_of(owner, c);

	(void)fd;
	if (!p || f->role <= MASTER || f->role >= CTL ||
		!rights_linked(p->role, f->role))
		return;
	LOG(EV_PEER_FORBIDDEN_, 0, log_text(span_of(role_name(channel_peer(c)))),
		log_text(span_of(role_name(f->role))),
		log_text(span_of(message_name(f->message))));
	kill_peer(owner, f->role, f->instance);
	if (++p->accusations > 1)
		kill(p->pid, SIGKILL);
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

	(void)c;
	process_start_session(owner, message, stream);
}

static void
role_gone(void *owner, struct channel *c)
{
	struct master *m = owner;
	struct process *p = row_of(m, c);

	if (!p)
		return;
	if (p->role == LOG)
		log_open(NULL);
	p->channel = NULL;
	if (p->pid > 0) /* without its channel it is of no use */
		kill(p->pid, SIGKILL);
}

static const struct handlers from_role = {
	.on = {
		[READY] = take_ready,
		[PEER_FORBIDDEN] = take_forbidden,
		[CLAMD_WANTED] = take_clamd_wanted,
		[SESSION_OPEN] = take_session_open,
	},
	.gone = role_gone,
};
