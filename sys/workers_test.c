#include "sys/workers.h"

#include <stdint.h>

#include "lib/base/number.h"
#include "lib/base/test.h"

#define JOBS 200

/* Sum the numbers below `n`. */
struct sum {
	uint64_t n, result;
};

static struct {
	struct loop *loop;
	struct workers *workers;
	uint64_t begun, done;
	bool used[WORKERS_MOST];
} x;

static void
add_up(void *job)
{
	struct sum *s = job;

	s->result = 0;
	for (uint64_t i = 0; i < s->n; i++)
		s->result += i;
}

static void
begin_some(void)
{
	uint32_t i;

	while (x.begun < JOBS &&
		(i = workers_idle(x.workers)) != WORKERS_NONE) {
		struct sum *s = workers_job(x.workers, i);

		s->n = ++x.begun * 1000;
		workers_start(x.workers, i);
	}
}

static void
done(void *owner, uint32_t worker)
{
	struct sum *s = workers_job(x.workers, worker);

	CHECK(owner == &x);
	CHECK_NUMBER(s->result, s->n * (s->n - 1) / 2);
	x.used[worker] = true;
	if (++x.done == JOBS)
		loop_stop(x.loop, 0);
	begin_some();
}

TEST(workers_do_every_job_once)
{
	struct workers_setup setup = { .count = 3,
		.job_size = sizeof(struct sum),
		.run = add_up,
		.done = done,
		.owner = &x };

	CHECK_OK(loop_open(&x.loop));
	setup.loop = x.loop;
	CHECK_OK(workers_open(&setup, &x.workers));
	begin_some();
	CHECK_NUMBER(workers_idle(x.workers), WORKERS_NONE);
	CHECK_NUMBER(loop_run(x.loop), 0);
	CHECK_NUMBER(x.done, JOBS);
	CHECK(x.used[0] && x.used[1] && x.used[2]);
	CHECK_NUMBER(workers_idle(x.workers), 0);
}

TEST(workers_are_as_many_as_processors_but_few)
{
	uint32_t n = workers_wanted();

	CHECK(n >= 1 && n <= WORKERS_MOST);
}
