/* The end of a message that failed: its report is scanned, then stored, once. */
#include "lib/mail/notify.h"
#include "proc/queue/play_test.h"
#include "proc/queue/queue.h"

#define ACCOUNT 5

static const char *const rcpts[] = { "a@one.test", "b@one.test" };

/* Everything fails; the number of the message. */
static uint64_t
failed(uint32_t count, uint16_t sender_len)
{
	struct enqueue_open m = letter(count);
	struct enqueue_done done;
	struct relay_result r = { .head = { .type = RELAY_RESULT },
		.reply = { .code = 550, .enhanced = "5.1.1", .text_len = 10,
			.text = "no\r\nX: evil" } };
	struct relay_done over = { .head = { .type = RELAY_DONE } };
	struct relay_job job;
	struct relay_rcpt rcpt;

	m.sender_len = sender_len;
	hand_in(&m, rcpts);
	hear(SUBMISSION, ENQUEUE_DONE, &done);
	hear(RELAY, RELAY_JOB, &job);
	r.head.session = over.head.session = job.head.session;
	for (uint32_t i = 0; i < count; i++) {
		hear(RELAY, RELAY_RCPT, &rcpt);
		r.head.serial = i;
		say(RELAY, &r, -1);
	}
	say(RELAY, &over, -1);
	return done.id;
}

static struct span
report_text(void)
{
	static uint8_t room[8192];
	struct buf b = BUF(room);

	CHECK_OK(fd_read_whole(x.came, &b));
	return buf_view(&b);
}

static void
say_verdict(uint64_t message, struct span report, uint32_t outcome,
	uint16_t fault)
{
	struct scan_answer m = { .head = { .type = SCAN_ANSWER,
					 .session = message },
		.fault = fault,
		.verdict = { .size = report.len, .outcome = outcome } };

	sha256(report, m.verdict.sha256);
	say(SCAN, &m, -1);
}

static void
say_stored(uint64_t message, uint16_t fault)
{
	struct deliver_done m = { .head = { .type = DELIVER_DONE,
					  .session = message },
		.fault = fault };

	say(STORE, &m, -1);
}

/* A clean report goes to the mailbox of the login; its dedupe key. */
static void
hear_delivery(uint64_t message, struct span report, uint8_t dkey[16])
{
	struct deliver_open open;
	struct deliver_rcpt rcpt;

	hear(STORE, DELIVER_OPEN, &open);
	CHECK_NUMBER(open.head.session, message);
	CHECK_NUMBER(open.sender_len, 0);
	CHECK_NUMBER(open.size, report.len);
	CHECK_SPANS(report_text(), report);
	hear(STORE, DELIVER_RCPT, &rcpt);
	CHECK_NUMBER(rcpt.account, ACCOUNT);
	CHECK_NUMBER(rcpt.has_dkey, 1);
	CHECK_SPAN(span_at(rcpt.address, rcpt.address_len), "alice@me.t");
	memcpy(dkey, rcpt.dkey, sizeof rcpt.dkey);
}

static struct span
hear_report(uint64_t message)
{
	struct scan_request m;
	struct span text;

	hear(SCAN, SCAN_REQUEST, &m);
	CHECK_NUMBER(m.head.session, message);
	text = report_text();
	CHECK_NUMBER(m.size, text.len);
	return text;
}

static bool
holds(struct span s, const char *text)
{
	return span_find(s, span_of(text)) < s.len;
}

TEST(a_report_is_scanned_and_stored_and_the_message_goes)
{
	uint8_t dkey[16];
	struct span report;
	uint64_t id;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	id = failed(2, 10);
	report = hear_report(id);
	CHECK(holds(report, "\r\nFinal-Recipient: rfc822; a@one.test\r\n"));
	CHECK(holds(report, "\r\nFinal-Recipient: rfc822; b@one.test\r\n"));
	CHECK(holds(report, "\r\nSubject: one\r\n"));
	CHECK(!holds(report, "body"));
	wait_for(2, 2);
	say_verdict(id, report, OUTCOME_CLEAN, 0);
	hear_delivery(id, report, dkey);
	wait_for(2, 2);
	say_stored(id, 0);
	wait_for(0, 0);
	end();
}

/* As many recipients as there can be, as long as they can be, none of them an
 * address: what cannot be reported would never end. */
TEST(a_report_about_very_many_is_made)
{
	struct enqueue_open m;
	OWNED(fd_close) int body = -1;
	struct enqueue_done done;
	struct scan_request asked;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	m = letter(1000);
	CHECK_OK(fd_memory_of("body", BODY, &body));
	say(SUBMISSION, &m, body);
	for (uint32_t i = 0; i < m.rcpts; i++) {
		struct enqueue_rcpt r = { .head = { .type = ENQUEUE_RCPT,
						  .session = SESSION },
			.address_len = 254,
			.wish = { .orcpt_len = 500 } };

		memset(r.address, 0xc4, 254); /* U+0100 and on */
		memset(r.wish.orcpt, 0xc4, 500);
		for (int at = 1; at < 500; at += 2)
			r.wish.orcpt[at] = 0x80;
		for (int at = 1; at < 254; at += 2)
			r.address[at] = 0x80;
		memcpy(r.wish.orcpt, "utf-8;", 6);
		say(SUBMISSION, &r, -1);
	}
	hear(SUBMISSION, ENQUEUE_DONE, &done);
	CHECK_NUMBER(done.fault, 0);
	hear(SCAN, SCAN_REQUEST, &asked);
	CHECK_NUMBER(asked.head.session, done.id);
	end();
}

/* What another server says is no line of ours. */
TEST(a_reply_adds_no_line_to_a_report)
{
	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	CHECK(!holds(hear_report(failed(1, 10)), "\nX: evi"));
	end();
}

TEST(a_report_is_stored_once_over_restarts)
{
	uint8_t first[16], second[16];
	struct span report;
	uint64_t id;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	id = failed(1, 10);
	report = hear_report(id);
	say_verdict(id, report, OUTCOME_CLEAN, 0);
	hear_delivery(id, report, first);
	fake_stop(); /* before the answer of store */
	start();
	report = hear_report(id);
	say_verdict(id, report, OUTCOME_CLEAN, 0);
	hear_delivery(id, report, second);
	CHECK(!memcmp(first, second, sizeof first));
	say_stored(id, 0);
	wait_for(0, 0);
	end();
}

TEST(nobody_is_told_of_what_nobody_sent)
{
	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	failed(2, 0);
	wait_for(0, 0);
	end();
}

/* The operator may take the message away as soon as nobody is at work with its
 * report. */
static void
wait_until_dropped(uint64_t id)
{
	struct ctl_done done = { .count = 0 };

	for (int i = 0; i < 60000 && done.count == 0; i++) {
		usleep(1000);
		order(QUEUE_DROP, id);
		hear(CTL, CTL_DONE, &done);
	}
	CHECK_NUMBER(done.count, 1);
}

TEST(a_report_is_lost_with_whom_it_was_given_to)
{
	struct channel *old;
	uint64_t id;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	id = failed(1, 10);
	hear_report(id);
	old = succeed(STORE); /* it has nothing to do with it yet */
	channel_close(&old);
	old = succeed(SCAN);
	order(QUEUE_DROP, id);
	check_done(0, &fault_ipc_busy);
	channel_close(&old);
	wait_until_dropped(id);
	end();
}

TEST(a_report_that_cannot_be_handed_over_waits)
{
	struct span report;
	uint64_t id;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	id = failed(1, 10);
	report = hear_report(id);
	say_verdict(id, report, 0, fault_number(&fault_verdict_missing));
	wait_for(1, 1);
	order(QUEUE_RETRY, id);
	check_done(1, OK);
	report = hear_report(id);
	/* the operator may not take away what is at work */
	order(QUEUE_DROP, id);
	check_done(0, &fault_ipc_busy);
	order(QUEUE_RELEASE, id);
	check_done(1, OK);
	wait_for(1, 1);
	CHECK(hears_nothing(SCAN));
	say_verdict(id, report, OUTCOME_INFECTED, 0);
	wait_for(0, 0);
	end();
}

/* --- it takes long ------------------------------------------------------- */

/* In the queue for that long, untried; its number. */
static uint64_t
waiting(int64_t us, uint8_t notify, uint16_t sender_len)
{
	struct enqueue_open m = letter(1);
	struct enqueue_done done;
	OWNED(fd_close) int body = -1;
	struct enqueue_rcpt r = { .head = { .type = ENQUEUE_RCPT,
					  .session = SESSION },
		.address_len = 10,
		.address = "a@one.test",
		.wish.notify = notify };

	m.arrived_us -= us;
	m.sender_len = sender_len;
	CHECK_OK(fd_memory_of("body", BODY, &body));
	say(SUBMISSION, &m, body);
	say(SUBMISSION, &r, -1);
	hear(SUBMISSION, ENQUEUE_DONE, &done);
	CHECK_NUMBER(done.fault, 0);
	return done.id;
}

/* The process looks for delays when it starts. */
static void
start_again(void)
{
	fake_stop();
	start();
}

TEST(a_delay_is_told_once)
{
	struct scan_request m;
	struct span report;
	uint8_t dkey[16];
	uint64_t id;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	id = waiting(HOURS(5), 0, 10);
	waiting(HOURS(3), 0, 10);
	start_again();
	hear(SCAN, SCAN_REQUEST, &m);
	report = report_text();
	CHECK(m.head.session != id); /* a failure may overtake it */
	CHECK(holds(report, "\r\nSubject: Mail is delayed\r\n"));
	CHECK(holds(report, "\r\nAction: delayed\r\n"));
	say_verdict(m.head.session, report, OUTCOME_CLEAN, 0);
	hear_delivery(m.head.session, report, dkey);
	say_stored(m.head.session, 0);
	wait_for(2, 0); /* it goes its way */
	start_again();
	wait_for(2, 0);
	CHECK(hears_nothing(SCAN));
	end();
}

TEST(a_delay_that_could_not_be_told_is_told_later)
{
	struct scan_request m;
	struct span report;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	waiting(HOURS(5), 0, 10);
	start_again();
	hear(SCAN, SCAN_REQUEST, &m);
	report = report_text();
	say_verdict(m.head.session, report, 0,
		fault_number(&fault_verdict_missing));
	start_again();
	hear(SCAN, SCAN_REQUEST, &m);
	end();
}

static const struct {
	const char *what;
	uint8_t notify;
	uint16_t sender_len;
} silent[] = {
	{ "never", NOTIFY_NEVER, 10 },
	{ "of failure only", NOTIFY_FAILURE, 10 },
	{ "of success only", NOTIFY_SUCCESS, 10 },
	{ "a report about a report", 0, 0 },
};

TEST(who_does_not_want_to_hear_of_delays_does_not)
{
	if (!fake_is_built(QUEUE))
		return;
	EACH_CASE(c, silent) {
		begin();
		start();
		waiting(HOURS(5), c->notify, c->sender_len);
		start_again();
		wait_for(1, 0);
		CHECK(hears_nothing(SCAN));
		end();
	}
}

static const struct {
	const char *what;
	uint8_t notify;
	bool told;
} wishes[] = {
	{ "nothing said", 0, true },
	{ "of failure", NOTIFY_FAILURE, true },
	{ "never", NOTIFY_NEVER, false },
	{ "of delay only", NOTIFY_DELAY, false },
};

TEST(a_failure_is_told_to_who_wants_to_hear_of_it)
{
	if (!fake_is_built(QUEUE))
		return;
	EACH_CASE(c, wishes) {
		struct relay_result r = { .head = { .type = RELAY_RESULT },
			.reply = { .code = 550, .enhanced = "5.1.1" } };
		struct relay_done over = { .head = { .type = RELAY_DONE } };
		struct relay_job job;

		begin();
		start();
		waiting(0, c->notify, 10);
		hear(RELAY, RELAY_JOB, &job);
		r.head.session = over.head.session = job.head.session;
		say(RELAY, &r, -1);
		say(RELAY, &over, -1);
		if (c->told) {
			struct scan_request m;

			hear(SCAN, SCAN_REQUEST, &m);
		} else {
			wait_for(0, 0);
			CHECK(hears_nothing(SCAN));
		}
		end();
	}
}

/* --- success, and the end of patience ------------------------------------ */

/* One recipient, done with that reply by a server that makes reports or not. */
static void
attempt(uint16_t code, uint32_t reports)
{
	struct relay_result r = { .head = { .type = RELAY_RESULT },
		.reply = { .code = code, .enhanced = "4.2.1" },
		.reports = reports };
	struct relay_done over = { .head = { .type = RELAY_DONE } };
	struct relay_job job;
	struct relay_rcpt rcpt;

	hear(RELAY, RELAY_JOB, &job);
	hear(RELAY, RELAY_RCPT, &rcpt);
	r.head.session = over.head.session = job.head.session;
	say(RELAY, &r, -1);
	say(RELAY, &over, -1);
}

TEST(success_is_told_where_the_next_server_does_not)
{
	struct scan_request m;
	struct span report;
	uint8_t dkey[16];

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	waiting(0, NOTIFY_SUCCESS, 10);
	attempt(250, 0);
	hear(SCAN, SCAN_REQUEST, &m);
	report = report_text();
	CHECK(holds(report, "\r\nAction: relayed\r\n"));
	say_verdict(m.head.session, report, OUTCOME_CLEAN, 0);
	hear_delivery(m.head.session, report, dkey);
	say_stored(m.head.session, 0);
	wait_for(0, 0);
	waiting(0, NOTIFY_SUCCESS, 10);
	attempt(250, 1);
	wait_for(0, 0);
	CHECK(hears_nothing(SCAN));
	end();
}

TEST(who_gives_up_says_so)
{
	struct scan_request m;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	waiting(DAYS(6), NOTIFY_FAILURE, 10);
	attempt(450, 0);
	wait_for(1, 1);
	order(QUEUE_RETRY, 0);
	check_done(1, OK);
	attempt(450, 0);
	hear(SCAN, SCAN_REQUEST, &m);
	CHECK(holds(report_text(), "\r\nStatus: 4.4.7\r\n"));
	end();
}

/* --- a report that nobody takes ------------------------------------------ */

static const struct {
	const char *what;
	int64_t age;
	bool ends;
} ages[] = {
	{ "a message that is not old", DAYS(9), false },
	{ "one that is twice as old as any may be", DAYS(11), true },
};

/* Asked again as soon as the process has heard that it was refused. */
static void
refuse_next(void)
{
	struct scan_request m;

	while (hears_nothing(SCAN)) {
		order(QUEUE_RETRY, 0);
		check_done(1, OK);
		usleep(1000);
	}
	hear(SCAN, SCAN_REQUEST, &m);
	say_verdict(m.head.session, report_text(), 0,
		fault_number(&fault_verdict_missing));
}

/* A mailbox may be full for ever. */
TEST(a_report_that_nobody_takes_has_an_end)
{
	if (!fake_is_built(QUEUE))
		return;
	EACH_CASE(c, ages) {
		begin();
		start();
		waiting(c->age, NOTIFY_FAILURE, 10);
		attempt(550, 0);
		for (int i = 0; i < REPORT_TRIES; i++)
			refuse_next();
		wait_for(!c->ends, !c->ends);
		end();
	}
}
