/* workers.h -- threads for what keeps a processor busy (Argon2id), so that the
 * loop does not wait.
 *
 * A worker has one job at a time, in a place of its own: the loop fills it,
 * starts it and does not touch it until `done`.  Workers compute; they enter
 * the kernel to wait and for memory only.  A role starts them in its `threads`
 * hook (sys/role.h), so that its sandbox holds for them too.
 */
#pragma once

#include "lib/base/fault.h"
#include "sys/loop.h"

#define WORKERS_MOST 4
#define WORKERS_NONE UINT32_MAX

struct workers;

struct workers_setup {
	struct loop *loop;
	uint32_t count;  /* 1 to WORKERS_MOST       */
	size_t job_size; /* of a job, octets        */
	void (*run)(void *job); /* in the thread    */
	void (*done)(void *owner, uint32_t worker); /* in the loop */
	void *owner;
};

/* As many as there are processors, 1 to WORKERS_MOST; before the sandbox. */
uint32_t workers_wanted(void);

/* Start them and wait until each is ready.
 *
 * sys_failed  no thread or no memory */
FALLIBLE workers_open(const struct workers_setup *setup, struct workers **out);

/* One that has nothing to do, or WORKERS_NONE. */
uint32_t workers_idle(const struct workers *w);

/* Its job; the loop's own from `done` to workers_start. */
void *workers_job(struct workers *w, uint32_t worker);

void workers_start(struct workers *w, uint32_t worker);
