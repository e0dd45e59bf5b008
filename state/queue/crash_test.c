/* The power fails or the process is killed at every call of the disk: what was
 * acknowledged is queued afterwards, with its body and the results that were
 * committed, until it was removed. */
#include "state/queue/spool_test.h"

#define LETTERS 24
#define LARGE   (JOURNAL_INLINE_MAX + 77) /* a body in a file of its own */

struct promise {
	uint64_t id;
	bool taken, done, removed; /* committed                  */
	bool removing;             /* perhaps committed          */
};

static struct {
	struct spool spool;
	struct promise letters[LETTERS];
	uint32_t next;
} x;

static struct span
body_of(uint32_t n)
{
	static uint8_t room[LARGE];
	struct buf b = { room, 0, n == 6 ? LARGE : 200 + n * 977 % 30000 };

	while (buf_push(&b, (uint8_t)(n + b.len % 253)))
		;
	return buf_view(&b);
}

static const struct fault *
result(struct queued *m, uint32_t rcpt, uint16_t code)
{
	struct relay_result r = { .reply = { .code = code,
					 .enhanced = "2.0.0" } };

	return queue_result(x.spool.queue, m, rcpt, &r, NOW);
}

/* Two letters in, one result of each, one older letter out. */
static const struct fault *
turn(void)
{
	struct queue *q = x.spool.queue;
	struct promise *first = &x.letters[x.next], *old = NULL;
	struct queued *m;

	for (uint32_t i = x.next; i < x.next + 2; i++) {
		struct letter l;

		letter_make(&x.spool, body_of(i), 2, &l);
		TRY(letter_add(&x.spool, &l, &m));
		x.letters[i].id = m->id;
	}
	TRY(queue_commit(q));
	first[0].taken = first[1].taken = true;
	x.next += 2;
	TRY(result(queue_find(q, first[0].id), 1, 250));
	TRY(result(queue_find(q, first[1].id), 0, 450));
	if (x.next > 6 && x.letters[x.next - 7].taken) {
		old = &x.letters[x.next - 7];
		old->removing = true;
		m = queue_find(q, old->id);
		TRY(queue_remove(q, &m, 1));
	}
	TRY(queue_commit(q));
	first[0].done = true;
	if (old)
		old->removed = true;
	return OK;
}

static bool
body_is_right(const struct queued *m, uint32_t n)
{
	static uint8_t room[LARGE];
	struct buf got = BUF(room);
	int fd;

	if (queue_body(x.spool.queue, m, &fd))
		return false;
	CHECK_OK(fd_read_whole(fd, &got));
	fd_close(&fd);
	return span_equals(buf_view(&got), body_of(n));
}

static size_t
broken(void)
{
	size_t n = 0;

	for (uint32_t i = 0; i < LETTERS; i++) {
		const struct promise *p = &x.letters[i];
		const struct queued *m = queue_find(x.spool.queue, p->id);

		if (p->removed)
			n += m != NULL;
		else if (p->taken && !m)
			n += !p->removing;
		else if (p->taken)
			n += !body_is_right(m, i) || m->count != 2 ||
				(p->done && m->rcpts[1].state != RCPT_DONE);
	}
	return n;
}

static void
check_start(enum power_loss loss)
{
	queue_close(&x.spool.queue);
	power_fails(&x.spool.power, loss);
	power_begin(&x.spool.power, UINT64_MAX);
	CHECK_OK(spool_open(&x.spool));
	CHECK_NUMBER(broken(), 0);
}

static const struct fault *
work(int turns)
{
	for (int i = 0; i < turns; i++)
		TRY(turn());
	return OK;
}

static bool
stop_at(uint64_t calls, enum power_loss loss)
{
	const struct fault *f;
	bool stopped;

	memset(&x.letters, 0, sizeof x.letters);
	x.next = 0;
	spool_make(&x.spool);
	x.spool.setup.journal.segment_size = KiB(64);
	x.spool.power.seed = calls;
	power_begin(&x.spool.power, calls);
	f = spool_open(&x.spool);
	if (!f)
		f = work(9);
	stopped = x.spool.power.stopped;
	CHECK(stopped || !f);
	check_start(loss);
	x.next = LETTERS - 4; /* none that is in doubt */
	CHECK_OK(work(1));
	check_start(LOSE_ALL);
	spool_remove(&x.spool);
	return stopped;
}

static const struct {
	const char *what;
	enum power_loss loss;
} losses[] = {
	{ "killed", LOSE_NOTHING },
	{ "a part is lost", LOSE_SOME },
	{ "the power fails", LOSE_ALL },
};

TEST(the_machine_stops_at_every_call)
{
	uint64_t points = 0;

	EACH_CASE(c, losses) {
		uint64_t calls = 0;

		while (stop_at(calls, c->loss))
			calls++;
		points += calls;
		CHECK(calls > 40);
	}
	printf("%llu points\n", (unsigned long long)points);
}

TEST(a_disk_that_does_not_sync_loses)
{
	memset(&x.letters, 0, sizeof x.letters);
	x.next = 0;
	spool_make(&x.spool);
	x.spool.power.lies = true;
	power_begin(&x.spool.power, UINT64_MAX);
	CHECK_OK(spool_open(&x.spool));
	CHECK_OK(work(3));
	queue_close(&x.spool.queue);
	power_fails(&x.spool.power, LOSE_ALL);
	CHECK(spool_open(&x.spool) || broken() > 0);
	spool_remove(&x.spool);
}
