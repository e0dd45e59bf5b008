#include "state/queue/queue.h"

#include "lib/mail/notify.h"
#include "state/queue/spool_test.h"

#define BODY SPAN("Subject: one\r\n\r\nbody\r\n")

static struct spool x;

static struct queued *
add(uint32_t rcpts)
{
	struct letter l;
	struct queued *m;

	letter_make(&x, BODY, rcpts, &l);
	CHECK_OK(letter_add(&x, &l, &m));
	CHECK_OK(queue_commit(x.queue));
	return m;
}

static void
tell(struct queued *m, uint32_t rcpt, uint16_t code, struct instant now)
{
	struct relay_result r = { .reply = { .code = code, .enhanced = "4.4.1",
		.text_len = 4, .text = "busy" } };

	CHECK_OK(queue_result(x.queue, m, rcpt, &r, now));
	CHECK_OK(queue_commit(x.queue));
}

static struct instant
later(int64_t us)
{
	return (struct instant){ NOW.us + us };
}

static void
begin(void)
{
	spool_make(&x);
	CHECK_OK(spool_open(&x));
}

/* --- the gate ------------------------------------------------------------ */

static void whole(struct letter *l) { (void)l; }
static void grant_forged(struct letter *l) { l->open.grant.account++; }
static void grant_unsealed(struct letter *l) { l->open.grant.mac[0] ^= 1; }
static void verdict_forged(struct letter *l) { l->open.verdict.time_us++; }
static void verdict_unsealed(struct letter *l) { l->open.verdict.mac[9] ^= 1; }

static void
grant_over(struct letter *l)
{
	l->open.grant.expires_us = NOW.us;
	letter_seal(&x, l);
}

static void
grant_of_another_session(struct letter *l)
{
	l->open.grant.session++;
	letter_seal(&x, l);
}

static void
grant_of_no_kind(struct letter *l)
{
	l->open.grant.kind = GRANT_NONE;
	letter_seal(&x, l);
}

/* NC-2.1.9: what `local` makes opens nothing on a mail server ... */
static void
grant_of_a_local_program(struct letter *l)
{
	l->open.grant.kind = GRANT_LOCAL;
	letter_seal(&x, l);
}

static void
verdict_of_elsewhere(struct letter *l)
{
	l->open.verdict.outcome = OUTCOME_ELSEWHERE;
	letter_seal(&x, l);
}

/* ... and what opens a mail server opens nothing on a host that only sends. */
static void
only_sends(struct letter *l)
{
	(void)l;
	x.setup.epochs = NULL;
	x.setup.kinds = GRANT_BIT(GRANT_LOCAL);
	x.setup.outcome = OUTCOME_ELSEWHERE;
	spool_reopen(&x);
}

static void
only_sends_grant(struct letter *l)
{
	only_sends(l);
	grant_of_a_local_program(l);
}

static void
only_sends_both(struct letter *l)
{
	only_sends_grant(l);
	verdict_of_elsewhere(l);
}

static void
grant_of_an_earlier_epoch(struct letter *l)
{
	l->open.grant.epoch--;
	letter_seal(&x, l);
}

/* Its account only reads reports: it did not log in. */
static void
grant_of_an_address(struct letter *l)
{
	l->open.grant.kind = GRANT_ADDR;
	l->open.grant.epoch = 0;
	letter_seal(&x, l);
}

static void
grant_of_a_kind_that_is_none(struct letter *l)
{
	l->open.grant.kind = 32 + GRANT_SASL;
	letter_seal(&x, l);
}

static void
grant_of_nobody(struct letter *l)
{
	l->open.grant.account--;
	letter_seal(&x, l);
}

static void
auth_away(struct letter *l)
{
	(void)l;
	x.epochs.told = false;
}

static void
verdict_infected(struct letter *l)
{
	l->open.verdict.outcome = OUTCOME_INFECTED;
	letter_seal(&x, l);
}

static void
verdict_of_nobody(struct letter *l)
{
	memset(&l->open.verdict, 0, sizeof l->open.verdict);
}

static void
other_octets(struct letter *l)
{
	l->body = SPAN("Subject: two\r\n\r\nbody\r\n");
}

static void
other_size(struct letter *l)
{
	l->open.size--;
}

static void
shorter_body(struct letter *l)
{
	l->body.len--;
}

static void
no_recipient(struct letter *l)
{
	l->open.rcpts = 0;
}

static void
too_many_recipients(struct letter *l)
{
	l->open.rcpts = QUEUE_RCPTS_MAX + 1;
}

static const struct {
	const char *what;
	void (*change)(struct letter *l);
	const struct fault *fault;
} letters[] = {
	{ "both seals hold", whole, OK },
	{ "the grant says another account", grant_forged,
		&fault_grant_missing },
	{ "the grant's seal is wrong", grant_unsealed, &fault_grant_missing },
	{ "the grant has ended", grant_over, &fault_grant_missing },
	{ "the grant is another session's", grant_of_another_session,
		&fault_grant_missing },
	{ "the grant is none", grant_of_no_kind, &fault_grant_missing },
	{ "a local program's grant on a mail server", grant_of_a_local_program,
		&fault_grant_missing },
	{ "a verdict of elsewhere on a mail server", verdict_of_elsewhere,
		&fault_verdict_missing },
	{ "a login's grant where nobody logs in", only_sends,
		&fault_grant_missing },
	{ "a local program's grant with a scanner's verdict", only_sends_grant,
		&fault_verdict_missing },
	{ "a local program's on a host that only sends", only_sends_both, OK },
	{ "the grant is for an address", grant_of_an_address, OK },
	{ "the grant is of a kind that is none", grant_of_a_kind_that_is_none,
		&fault_grant_missing },
	{ "the login has ended", grant_of_an_earlier_epoch,
		&fault_login_ended },
	{ "the account is gone", grant_of_nobody, &fault_login_ended },
	{ "nobody knows what has ended", auth_away, &fault_ipc_closed },
	{ "the verdict was changed", verdict_forged, &fault_verdict_missing },
	{ "the verdict's seal is wrong", verdict_unsealed,
		&fault_verdict_missing },
	{ "the verdict is empty", verdict_of_nobody, &fault_verdict_missing },
	{ "something was found", verdict_infected, &fault_verdict_missing },
	{ "the body is not the one that was scanned", other_octets,
		&fault_verdict_mismatch },
	{ "the size is not the verdict's", other_size,
		&fault_verdict_mismatch },
	{ "the body is too short", shorter_body, &fault_sys_failed },
	{ "no recipient", no_recipient, &fault_ipc_malformed },
	{ "too many recipients", too_many_recipients, &fault_ipc_malformed },
};

TEST(nothing_gets_in_without_both_seals)
{
	EACH_CASE(c, letters) {
		struct letter l;
		struct queued *m;

		begin();
		letter_make(&x, BODY, 1, &l);
		c->change(&l);
		CHECK_FAULT(letter_add(&x, &l, &m), c->fault);
		CHECK_OK(queue_commit(x.queue));
		CHECK_NUMBER(queue_count(x.queue), !c->fault);
		spool_reopen(&x);
		CHECK_NUMBER(queue_count(x.queue), !c->fault);
		spool_remove(&x);
	}
}

/* What the next start could not read, nobody may hand in. */
static const struct {
	const char *what;
	struct rcpt_record second;
	const struct fault *want;
} recipients[] = {
	{ "a recipient", { .address = SPAN("a@b.example") }, OK },
	{ "without octets", { .address = SPAN("") }, &fault_ipc_malformed },
	/* relay writes it into a command; behind that it would write another,
	 * past the scanner */
	{ "more than a recipient",
		{ .address = SPAN("a@b.example>\r\nDATA\r\nevil") },
		&fault_ipc_malformed },
	{ "more than an ORCPT",
		{ SPAN("a@b.example"), SPAN("rfc822;x\r\nDATA"), 0 },
		&fault_ipc_malformed },
	{ "a wish that does not exist",
		{ .address = SPAN("a@b.example"), .notify = 255 },
		&fault_ipc_malformed },
};

TEST(what_cannot_be_read_again_is_not_written)
{
	EACH_CASE(c, recipients) {
		struct rcpt_record rcpts[] = {
			{ .address = SPAN("one@first.example") }, c->second
		};
		struct queued *m;
		struct letter l;
		int fd;

		begin();
		letter_make(&x, BODY, 2, &l);
		CHECK_OK(fd_memory_of("letter", BODY, &fd));
		CHECK_FAULT(queue_add(x.queue, &l.open, rcpts, fd, NOW, &m),
			c->want);
		fd_close(&fd);
		CHECK_OK(queue_commit(x.queue));
		spool_reopen(&x);
		CHECK_NUMBER(queue_count(x.queue), c->want == OK);
		spool_remove(&x);
	}
}

TEST(a_full_queue_takes_nothing)
{
	struct letter l;
	struct queued *m;

	begin();
	queue_close(&x.queue);
	x.setup.most = 1;
	CHECK_OK(spool_open(&x));
	add(1);
	letter_make(&x, BODY, 1, &l);
	CHECK_FAULT(letter_add(&x, &l, &m), &fault_queue_full);
	spool_remove(&x);
}

/* --- what is known after a restart --------------------------------------- */

TEST(a_message_comes_back_as_it_was)
{
	uint8_t room[64];
	struct buf body = BUF(room);
	struct queued *m;
	uint64_t id;
	int fd;

	begin();
	id = add(2)->id;
	tell(queue_find(x.queue, id), 1, 421, NOW);
	spool_reopen(&x);
	m = queue_find(x.queue, id);
	CHECK(m != NULL);
	CHECK_SPAN(m->sender, "alice@agency.example");
	CHECK_NUMBER(m->account, 5);
	CHECK_NUMBER(m->open, 2);
	CHECK_SPAN(m->rcpts[0].address, "one@first.example");
	CHECK_NUMBER(m->rcpts[0].state, RCPT_PENDING);
	CHECK_SPAN(m->rcpts[1].address, "two@second.example");
	CHECK_NUMBER(m->rcpts[1].state, RCPT_DEFERRED);
	CHECK_NUMBER(m->rcpts[1].attempts, 1);
	CHECK_NUMBER(m->rcpts[1].code, 421);
	CHECK_SPAN(span_at(m->rcpts[1].text, m->rcpts[1].text_len), "busy");
	CHECK_OK(queue_body(x.queue, m, &fd));
	CHECK_OK(fd_read_whole(fd, &body));
	CHECK_SPANS(buf_view(&body), BODY);
	fd_close(&fd);
	spool_remove(&x);
}

/* As many jobs as have it: it is there once, and nobody can change it. */
TEST(a_large_body_is_not_copied)
{
	static uint8_t body[JOURNAL_INLINE_MAX + 1], room[sizeof body];
	struct buf got = BUF(room);
	struct stat one, two;
	struct letter l;
	struct queued *m;
	int fds[2];

	begin();
	memset(body, 'x', sizeof body);
	letter_make(&x, span_at(body, sizeof body), 1, &l);
	CHECK_OK(letter_add(&x, &l, &m));
	CHECK_OK(queue_commit(x.queue));
	CHECK_OK(queue_body(x.queue, m, &fds[0]));
	CHECK_OK(queue_body(x.queue, m, &fds[1]));
	CHECK(fstat(fds[0], &one) == 0 && fstat(fds[1], &two) == 0);
	CHECK(one.st_ino == two.st_ino && one.st_dev == two.st_dev);
	CHECK((fcntl(fds[0], F_GETFL) & O_ACCMODE) == O_RDONLY);
	CHECK_OK(queue_remove(x.queue, &m, 1));
	CHECK_OK(queue_commit(x.queue));
	CHECK_OK(fd_read_whole(fds[0], &got));
	CHECK_SPANS(buf_view(&got), span_at(body, sizeof body));
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	spool_remove(&x);
}

TEST(a_done_recipient_stays_done)
{
	uint64_t id;

	begin();
	id = add(2)->id;
	tell(queue_find(x.queue, id), 0, 250, NOW);
	tell(queue_find(x.queue, id), 1, 550, NOW);
	spool_reopen(&x);
	CHECK_NUMBER(queue_find(x.queue, id)->rcpts[0].state, RCPT_DONE);
	CHECK_NUMBER(queue_find(x.queue, id)->rcpts[1].state, RCPT_FAILED);
	CHECK_NUMBER(queue_find(x.queue, id)->open, 0);
	/* its end was not handled yet */
	CHECK(queue_due(x.queue, NOW) == queue_find(x.queue, id));
	spool_remove(&x);
}

TEST(a_result_counts_once)
{
	struct relay_result late = { .reply = { .code = 550 } };
	struct queued *m;

	begin();
	m = add(1);
	tell(m, 0, 250, NOW);
	CHECK_FAULT(queue_result(x.queue, m, 0, &late, NOW),
		&fault_ipc_malformed);
	CHECK_FAULT(queue_result(x.queue, m, 1, &late, NOW),
		&fault_ipc_malformed);
	CHECK_NUMBER(m->rcpts[0].state, RCPT_DONE);
	spool_remove(&x);
}

TEST(a_removed_message_is_gone_and_its_id_too)
{
	uint64_t last = 0;

	begin();
	for (int i = 0; i < 5; i++) {
		struct queued *m = add(1);

		CHECK(m->id > last);
		last = m->id;
		CHECK_OK(queue_remove(x.queue, &m, 1));
		CHECK_OK(queue_commit(x.queue));
		spool_reopen(&x);
		CHECK_NUMBER(queue_count(x.queue), 0);
		CHECK(queue_find(x.queue, last) == NULL);
	}
	spool_remove(&x);
}

/* As a report takes the place of its message, in one commit. */
TEST(a_message_stays_until_what_replaces_it_is_durable)
{
	static uint8_t body[40000]; /* one a segment */
	struct letter l;
	struct queued *old, *fresh;
	uint64_t id;

	spool_make(&x);
	x.setup.journal.segment_size = KiB(64);
	CHECK_OK(spool_open(&x));
	letter_make(&x, span_at(body, sizeof body), 1, &l);
	CHECK_OK(letter_add(&x, &l, &old));
	CHECK_OK(queue_commit(x.queue));
	id = old->id;
	CHECK_OK(letter_add(&x, &l, &fresh));
	CHECK_OK(queue_remove(x.queue, &old, 1));
	spool_reopen(&x); /* killed before the commit */
	CHECK_NUMBER(queue_count(x.queue), 1);
	old = queue_find(x.queue, id);
	CHECK(old != NULL);
	CHECK_OK(letter_add(&x, &l, &fresh));
	CHECK_OK(queue_remove(x.queue, &old, 1));
	id = fresh->id;
	CHECK_OK(queue_commit(x.queue));
	spool_reopen(&x);
	CHECK_NUMBER(queue_count(x.queue), 1);
	CHECK(queue_find(x.queue, id) != NULL);
	spool_remove(&x);
}

TEST(a_held_message_waits_for_its_release)
{
	struct queued *m;
	uint64_t id;

	begin();
	id = add(1)->id;
	m = queue_find(x.queue, id);
	CHECK_OK(queue_hold(x.queue, &m, 1, true));
	CHECK_OK(queue_commit(x.queue));
	CHECK(queue_due(x.queue, later(DAYS(9))) == NULL);
	spool_reopen(&x);
	CHECK(queue_find(x.queue, id)->held);
	CHECK(queue_due(x.queue, later(DAYS(9))) == NULL);
	m = queue_find(x.queue, id);
	CHECK_OK(queue_hold(x.queue, &m, 1, false));
	CHECK_OK(queue_commit(x.queue));
	CHECK(queue_due(x.queue, NOW) != NULL);
	spool_remove(&x);
}

/* --- all of them, in order ----------------------------------------------- */

static void
check_order(size_t count)
{
	uint64_t last = 0;
	size_t n = 0;

	for (struct queued *m = queue_next(x.queue, NULL); m;
		m = queue_next(x.queue, m)) {
		CHECK(m->id > last);
		CHECK(queue_after(x.queue, last) == m);
		last = m->id;
		n++;
	}
	CHECK(queue_after(x.queue, last) == NULL);
	CHECK_NUMBER(n, count);
	CHECK_NUMBER(queue_count(x.queue), count);
}

TEST(messages_are_walked_in_the_order_they_came)
{
	struct queued *gone[30];
	uint64_t ids[30];
	size_t n = 0;

	begin();
	check_order(0);
	for (int i = 0; i < 30; i++)
		ids[i] = add(1)->id;
	check_order(30);
	for (int i = 0; i < 30; i++) /* the first and the last, too */
		if (i % 3 == 0 || i == 29)
			gone[n++] = queue_find(x.queue, ids[i]);
	CHECK_OK(queue_remove(x.queue, gone, n));
	CHECK_OK(queue_commit(x.queue));
	CHECK(queue_after(x.queue, ids[3]) == queue_find(x.queue, ids[4]));
	CHECK(queue_after(x.queue, ids[29]) == NULL);
	check_order(19);
	spool_reopen(&x);
	check_order(19);
	spool_remove(&x);
}

/* The walk of `posthold queue drop all`; ids have gaps where other records
 * are. */
TEST(whoever_removes_each_misses_none)
{
	begin();
	for (uint64_t i = 0; i < 2000; i++) {
		struct queued *m = add(1);

		for (uint64_t gap = power_mix(i) % 50; gap > 0; gap--)
			CHECK_OK(queue_hold(x.queue, &m, 1, false));
	}
	for (struct queued *m = queue_next(x.queue, NULL), *next; m; m = next) {
		next = queue_next(x.queue, m);
		CHECK_OK(queue_remove(x.queue, &m, 1));
	}
	CHECK_NUMBER(queue_count(x.queue), 0);
	CHECK_OK(queue_commit(x.queue));
	spool_remove(&x);
}

/* --- the schedule -------------------------------------------------------- */

TEST(a_message_is_handed_out_once_until_it_is_put_back)
{
	struct queued *m;

	begin();
	m = add(1);
	CHECK(queue_due(x.queue, NOW) == m);
	CHECK(queue_due(x.queue, NOW) == NULL);
	queue_put_back(x.queue, m, later(SECONDS(5)));
	CHECK(queue_due(x.queue, NOW) == NULL);
	CHECK_NUMBER(queue_wake(x.queue).us, NOW.us + SECONDS(5));
	CHECK(queue_due(x.queue, later(SECONDS(5))) == m);
	spool_remove(&x);
}

static const struct {
	const char *what;
	uint16_t code;
	int64_t age_us;
	uint32_t before, state; /* attempts before this one */
} replies[] = {
	{ "accepted", 250, 0, 0, RCPT_DONE },
	{ "refused for good", 550, 0, 0, RCPT_FAILED },
	{ "refused for now", 451, 0, 0, RCPT_DEFERRED },
	{ "refused for now, young", 451, DAYS(4), 1, RCPT_DEFERRED },
	{ "refused for now, too old", 451, DAYS(5), 1, RCPT_FAILED },
	{ "too old, but never tried before", 451, DAYS(9), 0, RCPT_DEFERRED },
	{ "no reply of SMTP", 0, 0, 0, RCPT_DEFERRED },
};

TEST(a_reply_decides_what_becomes_of_a_recipient)
{
	EACH_CASE(c, replies) {
		struct queued *m;

		begin();
		m = add(1);
		for (uint32_t i = 0; i < c->before; i++)
			tell(m, 0, 451, NOW);
		tell(m, 0, c->code, later(c->age_us));
		CHECK_NUMBER(m->rcpts[0].state, c->state);
		CHECK_NUMBER(m->open, c->state == RCPT_DEFERRED);
		CHECK(m->open == 0 ||
			m->rcpts[0].next_us > NOW.us + c->age_us);
		spool_remove(&x);
	}
}

TEST(messages_come_in_the_order_of_their_times)
{
	int64_t last = 0;
	struct queued *m;

	begin();
	for (uint32_t i = 0; i < 100; i++) {
		m = add(1);
		CHECK(queue_due(x.queue, NOW) == m);
		queue_put_back(x.queue, m,
			later(1 + (int64_t)(power_mix(i) % 1000)));
	}
	for (int i = 0; i < 100; i++) {
		m = queue_due(x.queue, later(DAYS(1)));
		CHECK(m && m->due_us >= last);
		last = m->due_us;
	}
	CHECK(queue_due(x.queue, later(DAYS(1))) == NULL);
	spool_remove(&x);
}

TEST(a_line_is_first_come_first_served)
{
	struct queue_line line = { 0 };
	struct queued *m[5];

	begin();
	for (int i = 0; i < 5; i++) {
		m[i] = add(1);
		CHECK(queue_due(x.queue, NOW) == m[i]);
		queue_line_join(x.queue, m[i], &line);
	}
	CHECK(queue_due(x.queue, later(DAYS(9))) == NULL);
	/* first, middle and last leave in other ways */
	CHECK_OK(queue_hold(x.queue, &m[0], 1, true));
	CHECK_OK(queue_remove(x.queue, &m[2], 1));
	queue_retry(x.queue, m[4], NOW);
	CHECK(queue_due(x.queue, NOW) == m[4]);
	CHECK_NUMBER(line.count, 2);
	queue_line_call(x.queue, &line);
	CHECK(queue_due(x.queue, NOW) == m[1]);
	queue_line_call(x.queue, &line);
	CHECK(queue_due(x.queue, NOW) == m[3]);
	CHECK(line.count == 0 && !line.first && !line.last);
	queue_line_join(x.queue, m[3], &line);
	CHECK(line.first == m[3] && line.last == m[3]);
	spool_remove(&x);
}

TEST(a_retry_is_now)
{
	struct queued *m;

	begin();
	m = add(1);
	CHECK(queue_due(x.queue, NOW) == m);
	tell(m, 0, 451, NOW);
	queue_put_back(x.queue, m, NOW);
	CHECK(queue_due(x.queue, later(SECONDS(1))) == NULL);
	queue_retry(x.queue, m, later(SECONDS(2)));
	CHECK(queue_due(x.queue, later(SECONDS(2))) == m);
	spool_remove(&x);
}

/* --- what the rest of a message waits for -------------------------------- */

TEST(an_awaited_message_is_due_when_its_session_says_so)
{
	struct letter l;
	struct queued *m;

	begin();
	letter_make(&x, BODY, 1, &l);
	l.open.awaited = 1;
	CHECK_OK(letter_add(&x, &l, &m));
	queue_retry(x.queue, m, NOW);
	CHECK(!queue_due(x.queue, later(QUEUE_AWAITED - 1)));
	queue_keep(x.queue, m);
	CHECK(queue_due(x.queue, NOW) == m);
	spool_remove(&x);
}

/* The operator's release is not the session's word. */
TEST(an_awaited_message_that_is_released_is_still_awaited)
{
	struct letter l;
	struct queued *m;

	begin();
	letter_make(&x, BODY, 1, &l);
	l.open.awaited = 1;
	CHECK_OK(letter_add(&x, &l, &m));
	CHECK_OK(queue_hold(x.queue, &m, 1, true));
	CHECK_OK(queue_hold(x.queue, &m, 1, false));
	CHECK(!queue_due(x.queue, later(QUEUE_AWAITED - 1)));
	CHECK(m->awaited);
	CHECK(queue_due(x.queue, later(QUEUE_AWAITED)) == m);
	spool_remove(&x);
}

/* Who stays held loses no word of its session. */
TEST(an_awaited_message_that_is_held_can_be_kept)
{
	struct letter l;
	struct queued *m;

	begin();
	letter_make(&x, BODY, 1, &l);
	l.open.awaited = 1;
	CHECK_OK(letter_add(&x, &l, &m));
	CHECK_OK(queue_hold(x.queue, &m, 1, true));
	queue_keep(x.queue, m);
	CHECK(!queue_due(x.queue, later(DAYS(1))));
	CHECK_OK(queue_hold(x.queue, &m, 1, false));
	CHECK(queue_due(x.queue, NOW) == m);
	spool_remove(&x);
}

TEST(an_awaited_message_that_nobody_speaks_about_goes_out)
{
	struct letter l;
	struct queued *m;

	begin();
	letter_make(&x, BODY, 1, &l);
	l.open.awaited = 1;
	CHECK_OK(letter_add(&x, &l, &m));
	CHECK_OK(queue_commit(x.queue));
	CHECK(queue_due(x.queue, later(QUEUE_AWAITED)) == m);
	spool_reopen(&x);
	CHECK(queue_due(x.queue, NOW) != NULL);
	spool_remove(&x);
}

/* --- what the operator orders -------------------------------------------- */

/* As many as one record holds, and all of it after a restart. */
TEST(an_order_about_many_is_one_record)
{
	static struct queued *m[QUEUE_BATCH];

	begin();
	for (size_t i = 0; i < QUEUE_BATCH; i++)
		m[i] = add(1);
	CHECK_OK(queue_hold(x.queue, m, QUEUE_BATCH, true));
	CHECK_OK(queue_commit(x.queue));
	spool_reopen(&x);
	CHECK_NUMBER(queue_count(x.queue), QUEUE_BATCH);
	CHECK(queue_due(x.queue, later(DAYS(9))) == NULL);
	for (size_t i = 0; i < QUEUE_BATCH; i++)
		m[i] = queue_after(x.queue, i > 0 ? m[i - 1]->id : 0);
	CHECK_OK(queue_remove(x.queue, m, QUEUE_BATCH));
	CHECK_OK(queue_commit(x.queue));
	CHECK_NUMBER(queue_count(x.queue), 0);
	spool_reopen(&x);
	CHECK_NUMBER(queue_count(x.queue), 0);
	spool_remove(&x);
}

TEST(a_route_outlives_the_process)
{
	struct queued *m;

	begin();
	m = add(1);
	CHECK_OK(queue_set_route(x.queue, &m, 1, SPAN("relay.example"), 2525));
	CHECK_OK(queue_commit(x.queue));
	spool_reopen(&x);
	m = queue_next(x.queue, NULL);
	CHECK_SPAN(span_at(m->route->host, m->route->len), "relay.example");
	CHECK_NUMBER(m->route->port, 2525);
	CHECK_OK(queue_set_route(x.queue, &m, 1, SPAN(""), 0));
	CHECK_OK(queue_commit(x.queue));
	CHECK(!m->route);
	spool_reopen(&x);
	CHECK(!queue_next(x.queue, NULL)->route);
	spool_remove(&x);
}

TEST(who_greylists_is_asked_again_soon)
{
	struct relay_result r = { .reply = { .code = 451, .enhanced = "4.7.1",
		.text_len = 10, .text = "Greylisted" } };
	struct queued *m;

	begin();
	queue_close(&x.queue);
	x.setup.schedule_us[0] = HOURS(4);
	CHECK_OK(spool_open(&x));
	m = add(2);
	CHECK_OK(queue_result(x.queue, m, 0, &r, NOW));
	tell(m, 1, 451, NOW);
	CHECK(m->rcpts[0].next_us < later(MINUTES(10)).us);
	CHECK(m->rcpts[1].next_us >= later(HOURS(4)).us);
	spool_remove(&x);
}

TEST(a_notice_is_remembered)
{
	struct queued *m;

	begin();
	m = add(1);
	CHECK(!m->noticed);
	CHECK_OK(queue_noticed(x.queue, m));
	CHECK_OK(queue_commit(x.queue));
	spool_reopen(&x);
	CHECK(queue_next(x.queue, NULL)->noticed);
	CHECK(queue_due(x.queue, NOW) != NULL);
	spool_remove(&x);
}

static const struct {
	const char *what;
	uint8_t notify;
	uint32_t reports, state;
} successes[] = {
	{ "nothing was asked", 0, 0, RCPT_DONE },
	{ "failure was asked", NOTIFY_FAILURE, 0, RCPT_DONE },
	{ "success was asked, and the next server tells it", NOTIFY_SUCCESS, 1,
		RCPT_DONE },
	{ "success was asked, and nobody else tells it", NOTIFY_SUCCESS, 0,
		RCPT_RELAYED },
};

TEST(who_wants_to_hear_of_success_does)
{
	EACH_CASE(c, successes) {
		struct relay_result r = { .reply = { .code = 250 },
			.reports = c->reports };
		struct queued *m;

		begin();
		m = add(1);
		m->rcpts[0].notify = c->notify;
		CHECK_OK(queue_result(x.queue, m, 0, &r, NOW));
		CHECK_NUMBER(m->rcpts[0].state, c->state);
		CHECK_NUMBER(m->open, 0);
		CHECK_OK(queue_commit(x.queue));
		spool_reopen(&x);
		CHECK_NUMBER(queue_next(x.queue, NULL)->rcpts[0].state,
			c->state);
		spool_remove(&x);
	}
}
