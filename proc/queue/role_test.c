/* What comes from submission and from the operator. */
#include "proc/queue/play_test.h"

#define MANY 700

/* A6: a grant ends with the login that it came from, and with nobody else's
 * say. */
TEST(a_grant_of_an_earlier_epoch_is_refused)
{
	static const struct {
		const char *what;
		uint32_t now;
		const struct fault *want;
	} rows[] = {
		{ "the login's own epoch", 1, OK },
		{ "the password was changed", 2, &fault_login_ended },
		{ "the account was disabled, too", 3, &fault_login_ended },
	};
	static const char *const rcpts[] = { "a@one.test" };
	struct enqueue_open m;
	struct enqueue_done done;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	m = letter(1);
	EACH_CASE(c, rows) {
		give_epoch(c->now);
		/* what auth says may be read after what submission says */
		for (int i = 0; i < 1000; i++) {
			hand_in(&m, rcpts);
			hear(SUBMISSION, ENQUEUE_DONE, &done);
			if (fault_row(done.fault) == c->want)
				break;
		}
		CHECK_FAULT(fault_row(done.fault), c->want);
	}
	end();
}

/* More rows than the channel holds. */
TEST(a_list_is_as_long_as_the_queue)
{
	static const char *const rcpts[] = { "a@one.test", "b@two.test" };
	static uint64_t ids[MANY];
	struct queue_row row;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	for (int i = 0; i < MANY; i++)
		ids[i] = queued(2, rcpts);
	order(QUEUE_LIST, 0);
	usleep(200000); /* the channel is full by now */
	for (int i = 0; i < 2 * MANY; i++) {
		hear(CTL, QUEUE_ROW, &row);
		CHECK_NUMBER(row.id, ids[i / 2]);
		CHECK_SPAN(span_at(row.rcpt, row.rcpt_len), rcpts[i % 2]);
	}
	check_done(2 * MANY, OK);
	end();
}

/* --- a message that is also for mailboxes here --------------------------- */

static const char *const remote[] = { "a@one.test" };

static uint64_t
awaited(void)
{
	struct enqueue_open m = letter(1);
	struct enqueue_done done;

	m.awaited = 1;
	hand_in(&m, remote);
	hear(SUBMISSION, ENQUEUE_DONE, &done);
	CHECK_NUMBER(done.fault, 0);
	wait_for(1, 0); /* turns have passed */
	CHECK(hears_nothing(RELAY));
	return done.id;
}

static void
say_end_as(enum role from, uint32_t type, uint64_t id, uint64_t session)
{
	struct enqueue_end m = { .head = { .type = type, .session = session },
		.id = id };

	say(from, &m, -1);
}

static void
say_end(uint32_t type, uint64_t id, uint64_t session)
{
	say_end_as(SUBMISSION, type, id, session);
}

/* mx has been heard. */
static void
hear_mx(void)
{
	struct plain ask = { .head = { .type = SPOOL_WANTED } };
	struct spool_file answer;

	say(MX, &ask, -1);
	hear(MX, SPOOL_FILE, &answer);
}

/* Numbers of sessions and messages can be guessed. */
TEST(nobody_else_ends_what_a_session_handed_in)
{
	uint64_t id;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	id = awaited();
	say_end_as(MX, ENQUEUE_KEEP, id, SESSION);
	hear_mx();
	wait_for(1, 0);
	CHECK(hears_nothing(RELAY));
	say_end_as(MX, ENQUEUE_CANCEL, id, SESSION);
	hear_mx();
	wait_for(1, 0);
	say_end(ENQUEUE_CANCEL, id, SESSION);
	wait_for(0, 0);
	end();
}

TEST(what_store_refused_was_never_given_out)
{
	uint64_t id;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	id = awaited();
	order(QUEUE_RETRY, 0);
	check_done(1, OK);
	say_end(ENQUEUE_CANCEL, id, SESSION + 1); /* not his */
	wait_for(1, 0);
	say_end(ENQUEUE_CANCEL, id, SESSION);
	wait_for(0, 0);
	CHECK(hears_nothing(RELAY));
	end();
}

TEST(what_store_keeps_is_given_out)
{
	struct relay_job job;
	uint64_t id;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	id = awaited();
	say_end(ENQUEUE_KEEP, id, SESSION + 1); /* not his */
	wait_for(1, 0);
	CHECK(hears_nothing(RELAY));
	say_end(ENQUEUE_KEEP, id, SESSION);
	hear(RELAY, RELAY_JOB, &job);
	CHECK_NUMBER(job.rcpts, 1);
	say_end(ENQUEUE_CANCEL, id, SESSION); /* too late */
	wait_for(1, 0);
	end();
}

/* Whether the client read 250 is not known: rather twice than never. */
TEST(what_was_awaited_goes_out_after_a_restart)
{
	struct relay_job job;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	awaited();
	fake_stop();
	start();
	hear(RELAY, RELAY_JOB, &job);
	end();
}
