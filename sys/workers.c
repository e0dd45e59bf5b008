#include "sys/workers.h"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/must.h"
#include "sys/fd.h"

#define STACK (256 << 10)

/* Both sides say one octet: "start" and "done".  That orders what they do with
 * the job, too. */
struct worker {
	struct workers *all;
	void *job;
	int ours, its;
	struct watch *watch;
	pthread_t thread;
	bool busy;
};

struct workers {
	struct workers_setup setup;
	struct worker at[WORKERS_MOST];
};

uint32_t
workers_wanted(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
							    : 1;

	return n < 1 ? 1 : n > WORKERS_MOST ? WORKERS_MOST : (uint32_t)n;
}

static bool
say(int fd)
{
	return write(fd, "x", 1) == 1;
}

static bool
hear(int fd)
{
	char octet;

	return read(fd, &octet, 1) == 1;
}

/* The end of the process is the end of its threads. */
static void *
work(void *arg)
{
	struct worker *w = arg;

	MUST(say(w->its));
	while (hear(w->its)) {
		w->all->setup.run(w->job);
		MUST(say(w->its));
	}
	return NULL;
}

static void
ready(void *arg, unsigned what)
{
	struct worker *w = arg;

	(void)what;
	MUST(hear(w->ours));
	w->busy = false;
	w->all->setup.done(w->all->setup.owner, (uint32_t)(w - w->all->at));
}

static FALLIBLE
start_thread(struct worker *w)
{
	pthread_attr_t attr;
	bool started;

	if (pthread_attr_init(&attr) != 0)
		return &fault_sys_failed;
	started = pthread_attr_setstacksize(&attr, STACK) == 0 &&
		pthread_create(&w->thread, &attr, work, w) == 0;
	pthread_attr_destroy(&attr);
	return started && hear(w->ours) ? OK : &fault_sys_failed;
}

static FALLIBLE
start_worker(struct workers *all, struct worker *w)
{
	int pair[2];

	w->all = all;
	w->job = calloc(1, all->setup.job_size);
	if (!w->job ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return &fault_sys_failed;
	w->ours = pair[0];
	w->its = pair[1];
	TRY(start_thread(w));
	TRY(fd_nonblocking(w->ours));
	return watch_open(all->setup.loop, w->ours, LOOP_READ, ready, w,
		&w->watch);
}

FALLIBLE
workers_open(const struct workers_setup *setup, struct workers **out)
{
	struct workers *w = calloc(1, sizeof *w);

	MUST(setup->count > 0 && setup->count <= WORKERS_MOST);
	if (!w)
		return &fault_sys_failed;
	/* one heap for all: others take 64 MiB of addresses each */
	mallopt(M_ARENA_MAX, 1);
	w->setup = *setup;
	*out = w;
	for (uint32_t i = 0; i < setup->count; i++)
		TRY(start_worker(w, &w->at[i]));
	return OK;
}

uint32_t
workers_idle(const struct workers *w)
{
	for (uint32_t i = 0; i < w->setup.count; i++)
		if (!w->at[i].busy)
			return i;
	return WORKERS_NONE;
}

void *
workers_job(struct workers *w, uint32_t worker)
{
	MUST(worker < w->setup.count);
	return w->at[worker].job;
}

void
workers_start(struct workers *w, uint32_t worker)
{
	MUST(worker < w->setup.count && !w->at[worker].busy);
	w->at[worker].busy = true;
	MUST(say(w->at[worker].ours));
}
