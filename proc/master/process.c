#include "proc/master/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "proc/master/give.h"
#include "proc/master/hear.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#define BACKOFF_FIRST (SECONDS(1) / 10)
#define BACKOFF_LAST  SECONDS(10)
#define STEADY        SECONDS(60) /* this long alive forgets the back-off */
#define STOP_PATIENCE SECONDS(10) /* a stage of the stop */

/* A session counts for its account and for all at least so long, however short
 * it was: nobody has master do nothing but start processes (NC-2.1.8). */
#define SESSION_COUNTS SECONDS(5)

/* Who stops when: nobody is stopped before those whose work it keeps safe. */
static const uint32_t stop_stages[] = {
	ROLE_BIT(MX) | ROLE_BIT(SUBMISSION) | ROLE_BIT(LOGIN) | ROLE_BIT(LOCAL),
	ROLE_BIT(IMAP) | ROLE_BIT(DIAL) | ROLE_BIT(RELAY),
	ROLE_BIT(QUEUE),
	ROLE_BIT(STORE),
	ROLE_BIT(AUTH) | ROLE_BIT(SCAN) | ROLE_BIT(DNS) | ROLE_BIT(KEYS) |
		ROLE_BIT(METER),
	ROLE_BIT(LOG),
};

/* --- starting ------------------------------------------------------------ */

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
	p->started = clock_instant();
	p->since = clock_tick();
	if (channel_open(m->loop, fd_give(&ours), MASTER, p->role, p->instance,
		    &hear_role, m, &p->channel)) {
		kill(p->pid, SIGKILL);
		return;
	}
	if (p->role == LOG)
		log_open(p->channel);
	LOG(EV_PROCESS_STARTED, 0, log_text(span_of(role_name(p->role))),
		log_number((uint64_t)p->pid));
	give_all(m, p);
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
		give_go(r->process);
}

void
process_start_all(struct master *m)
{
	for (enum role role = LOG; role < CTL; role++) {
		struct process *p = &m->processes[role];

		if (role_row(role)->on_demand || !role_runs(role, BUILD_LOCAL))
			continue;
		p->role = role;
		restarts[role] = (struct restart){ m, p };
		if (!timer_open(m->loop, start_again, &restarts[role],
			    &p->again))
			start(m, p);
		if (p->pid)
			give_go(p);
	}
}

/* --- sessions ------------------------------------------------------------ */

static bool
session_counts(const struct process *p, struct tick now)
{
	return p->role == IMAP &&
		(p->pid || now.us - p->since.us < SESSION_COUNTS);
}

/* A row for one more session of `account`; NULL: there are enough. */
static struct process *
session_row(struct master *m, uint32_t account)
{
	struct tick now = clock_tick();
	struct process *unused = NULL;
	uint32_t all = 0, own = 0;

	for (size_t i = ROLES; i < PROCESSES; i++) {
		struct process *p = &m->processes[i];

		if (session_counts(p, now)) {
			all++;
			own += p->account == account;
		} else if (!unused) {
			unused = p;
		}
	}
	return all < m->site.max_imap && own < m->site.max_imap_account
		? unused
		: NULL;
}

void
process_start_session(struct master *m, const struct session_open *s,
	int stream)
{
	struct process *p = session_row(m, s->account);

	if (m->stopping)
		return;
	/* The stream closes and the client reads an orderly end. */
	if (!p) {
		LOG(EV_SESSION_LIMIT, s->head.session,
			log_text(SPAN("imap processes")));
		return;
	}
	*p = (struct process){ .role = IMAP,
		.instance = ++m->sessions,
		.account = s->account,
		.epoch = s->epoch };
	start(m, p);
	give_session(p, s, stream);
	give_go(p);
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
	if (p->role == IMAP)
		return;
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

/* Is the process one of the present stage of the stop? */
static bool
must_stop(const struct master *m, const struct process *p)
{
	return m->stopping > 0 && p->pid > 0 &&
		(stop_stages[m->stopping - 1] & ROLE_BIT(p->role));
}

void
process_stop_next(struct master *m)
{
	for (size_t i = 0; i < PROCESSES; i++)
		if (must_stop(m, &m->processes[i]))
			return;
	if (m->stopping == (int)COUNT_OF(stop_stages)) {
		loop_stop(m->loop, 0);
		return;
	}
	m->stopping++;
	for (size_t i = 0; i < PROCESSES; i++)
		if (must_stop(m, &m->processes[i]))
			give_stop(&m->processes[i]);
	timer_set(m->stop_timer, STOP_PATIENCE);
	process_stop_next(m);
}

void
process_stop_late(struct master *m)
{
	for (size_t i = 0; i < PROCESSES; i++)
		if (must_stop(m, &m->processes[i]))
			kill(m->processes[i].pid, SIGKILL);
}
