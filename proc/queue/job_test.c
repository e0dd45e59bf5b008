/* From a message to dial, relay, and back; and to a report. */
#include "proc/queue/play_test.h"

static const char *const rcpts[] = { "a@one.test", "b@one.test", "c@two.test" };

/* --- dial and relay ------------------------------------------------------ */

/* The job for `n` recipients from `rcpts`, in that order; its number. */
static uint64_t
hear_job(const char *const *addresses, uint32_t n, uint64_t reuse)
{
	static uint8_t room[256];
	struct buf body = BUF(room);
	struct relay_job job;
	struct relay_rcpt r;

	hear(RELAY, RELAY_JOB, &job);
	CHECK_NUMBER(job.rcpts, n);
	CHECK_NUMBER(job.reuse, reuse);
	CHECK_NUMBER(job.size, BODY.len);
	CHECK_SPAN(span_at(job.sender, job.sender_len), "alice@me.t");
	CHECK_OK(fd_read_whole(x.came, &body));
	CHECK_SPANS(buf_view(&body), BODY);
	for (uint32_t i = 0; i < n; i++) {
		hear(RELAY, RELAY_RCPT, &r);
		CHECK_NUMBER(r.head.session, job.head.session);
		CHECK_NUMBER(r.head.serial, i);
		CHECK_SPAN(span_at(r.address, r.address_len), addresses[i]);
	}
	return job.head.session;
}

static void
hear_dial(uint64_t job, const char *host)
{
	struct dial_request m;

	hear(DIAL, DIAL_REQUEST, &m);
	CHECK_NUMBER(m.head.session, job);
	CHECK_SPAN(span_at(m.host, m.host_len), host);
	CHECK_NUMBER(m.by_mx, 1);
	CHECK_NUMBER(m.named, 0);
}

static void
say_result(uint64_t job, uint32_t rcpt, uint16_t code)
{
	struct relay_result m = { .head = { .type = RELAY_RESULT,
					  .session = job, .serial = rcpt },
		.reply = { .code = code, .enhanced = "5.1.1", .text_len = 4,
			.text = "said" } };

	say(RELAY, &m, -1);
}

static void
say_done(uint64_t job, uint64_t connection)
{
	struct relay_done m = { .head = { .type = RELAY_DONE, .session = job },
		.connection = connection };

	say(RELAY, &m, -1);
}

/* What the operator sees of one recipient; rows are in order. */
static void
check_row(const char *rcpt, uint32_t attempts, uint16_t code)
{
	struct queue_row row;

	hear(CTL, QUEUE_ROW, &row);
	CHECK_SPAN(span_at(row.rcpt, row.rcpt_len), rcpt);
	CHECK_NUMBER(row.attempts, attempts);
	CHECK_NUMBER(row.last.code, code);
}

TEST(recipients_of_one_place_go_in_one_job)
{
	uint64_t one, two;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	queued(3, rcpts);
	one = hear_job(rcpts, 2, 0);
	hear_dial(one, "one.test");
	two = hear_job(rcpts + 2, 1, 0);
	hear_dial(two, "two.test");
	say_result(one, 0, 250);
	say_result(one, 1, 451);
	say_result(two, 0, 250);
	say_done(one, 0);
	say_done(two, 0);
	wait_for(3, 3);
	order(QUEUE_LIST, 0);
	check_row(rcpts[0], 1, 250);
	check_row(rcpts[1], 1, 451);
	check_row(rcpts[2], 1, 250);
	check_done(3, OK);
	end();
}

TEST(an_open_connection_is_used_again)
{
	uint64_t job;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	queued(1, rcpts);
	job = hear_job(rcpts, 1, 0);
	hear_dial(job, "one.test");
	say_result(job, 0, 250);
	say_done(job, 4711);
	wait_for(0, 0);
	queued(1, rcpts);
	job = hear_job(rcpts, 1, 4711);
	say_result(job, 0, 250);
	say_done(job, 0);
	/* nobody was dialled for it */
	wait_for(0, 0);
	queued(1, rcpts);
	job = hear_job(rcpts, 1, 0);
	hear_dial(job, "one.test");
	end();
}

TEST(a_failure_to_connect_counts_for_every_recipient)
{
	struct dial_failed m = { .head = { .type = DIAL_FAILED },
		.reply = { .code = 451, .enhanced = "4.4.1" } };
	struct plain drop;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	queued(2, rcpts);
	m.head.session = hear_job(rcpts, 2, 0);
	say(DIAL, &m, -1);
	hear(RELAY, RELAY_DROP, &drop);
	CHECK_NUMBER(drop.head.session, m.head.session);
	wait_for(2, 2);
	order(QUEUE_LIST, 0);
	check_row(rcpts[0], 1, 451);
	check_row(rcpts[1], 1, 451);
	check_done(2, OK);
	end();
}

/* What was acknowledged, and what came of it, outlives the process. */
TEST(a_new_process_goes_on_where_the_old_one_ended)
{
	uint64_t job;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	queued(3, rcpts);
	job = hear_job(rcpts, 2, 0);
	say_result(job, 0, 250);
	say_result(job, 1, 451);
	say_done(job, 0);
	wait_for(3, 2);
	fake_stop();
	start();
	hear_job(rcpts + 2, 1, 0);
	order(QUEUE_LIST, 0);
	check_row(rcpts[0], 1, 250);
	check_row(rcpts[1], 1, 451);
	check_row(rcpts[2], 0, 0);
	end();
}

/* --- who goes away, what cannot be read ---------------------------------- */

TEST(without_dial_relay_does_not_wait)
{
	struct plain drop;
	uint64_t job;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	queued(1, rcpts);
	job = hear_job(rcpts, 1, 0);
	hear_dial(job, "one.test");
	channel_close(&fake.links[DIAL]);
	hear(RELAY, RELAY_DROP, &drop);
	CHECK_NUMBER(drop.head.session, job);
	say_done(job, 0);
	wait_for(1, 0);
	give_link(DIAL);
	job = hear_job(rcpts, 1, 0);
	hear_dial(job, "one.test");
	end();
}

/* What the old one had is tried again, what the new one has is not. */
TEST(a_relay_is_lost_even_after_its_successor_came)
{
	struct channel *old;
	uint64_t job;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	queued(1, rcpts);
	hear_dial(hear_job(rcpts, 1, 0), "one.test");
	old = succeed(RELAY);
	queued(1, rcpts + 2);
	job = hear_job(rcpts + 2, 1, 0);
	hear_dial(job, "two.test");
	channel_close(&old);
	hear_dial(hear_job(rcpts, 1, 0), "one.test");
	say_result(job, 0, 250);
	say_done(job, 0);
	wait_for(1, 0);
	end();
}

/* Its last words are heard, but no connection of it is used any more. */
TEST(a_connection_ends_with_its_relay)
{
	struct channel *old, *fresh;
	uint64_t job;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	queued(1, rcpts);
	job = hear_job(rcpts, 1, 0);
	hear_dial(job, "one.test");
	old = succeed(RELAY);
	queued(1, rcpts + 2);
	hear_dial(hear_job(rcpts + 2, 1, 0), "two.test");
	fresh = fake.links[RELAY];
	fake.links[RELAY] = old;
	say_result(job, 0, 250);
	say_done(job, 4711);
	fake.links[RELAY] = fresh;
	wait_for(1, 0);
	queued(1, rcpts + 1);
	hear_dial(hear_job(rcpts + 1, 1, 0), "one.test");
	channel_close(&old);
	end();
}

TEST(a_job_that_is_connected_does_not_need_dial)
{
	struct plain drop;
	uint64_t job;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	queued(1, rcpts);
	job = hear_job(rcpts, 1, 0);
	hear_dial(job, "one.test");
	channel_close(&fake.links[DIAL]);
	hear(RELAY, RELAY_DROP, &drop);
	say_result(job, 0, 250);
	say_done(job, 0);
	wait_for(0, 0);
	end();
}

/* Change the body in every file of the journal that has it. */
static void
damage(void *arg, const char *name)
{
	static uint8_t room[1 << 21];
	OWNED(fd_close) int fd = openat(x.directory, name, O_RDWR | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, room, sizeof room);
	size_t at = n > 0 ? span_find(span_at(room, (size_t)n), BODY)
			  : sizeof room;

	(void)arg;
	if (n > 0 && at < (size_t)n)
		CHECK_NUMBER(pwrite(fd, "?", 1, (off_t)at), 1);
}

TEST(a_body_that_cannot_be_read_is_a_failed_attempt)
{
	struct enqueue_open m;
	struct enqueue_end keep = { .head = { .type = ENQUEUE_KEEP,
					    .session = SESSION } };
	struct enqueue_done done;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	m = letter(1);
	m.awaited = 1;
	hand_in(&m, rcpts);
	hear(SUBMISSION, ENQUEUE_DONE, &done);
	CHECK_NUMBER(done.fault, 0);
	CHECK_OK(file_each(x.directory, damage, NULL));
	keep.id = done.id;
	say(SUBMISSION, &keep, -1);
	wait_for(1, 1);
	order(QUEUE_LIST, 0);
	check_row(rcpts[0], 1, 451);
	check_done(1, OK);
	CHECK(hears_nothing(RELAY));
	end();
}
