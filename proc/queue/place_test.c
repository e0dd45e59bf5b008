/* A place that cannot be reached, and those that can. */
#include "proc/queue/play_test.h"

static const char *const one[] = { "a@one.test" };
static const char *const two[] = { "b@two.test" };

static uint64_t
hear_dial(const char *host)
{
	struct dial_request m;

	hear(DIAL, DIAL_REQUEST, &m);
	CHECK_SPAN(span_at(m.host, m.host_len), host);
	return m.head.session;
}

static void
say_unreached(uint64_t job)
{
	struct dial_failed m = { .head = { .type = DIAL_FAILED,
					 .session = job },
		.reply = { .code = 451, .enhanced = "4.4.1", .text_len = 4,
			.text = "dead" } };

	say(DIAL, &m, -1);
}

/* The place is closed: two messages found out. */
static void
close_one(void)
{
	uint64_t first, second;

	queued(1, one);
	queued(1, one);
	first = hear_dial("one.test");
	second = hear_dial("one.test");
	say_unreached(first);
	say_unreached(second);
	wait_for(2, 2);
}

TEST(a_dead_place_costs_no_more_attempts)
{
	struct queue_row row;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	close_one();
	for (int i = 0; i < 20; i++)
		queued(1, one);
	wait_for(22, 2);
	CHECK(hears_nothing(DIAL));
	/* others are not concerned */
	queued(1, two);
	hear_dial("two.test");
	/* and who was never tried says why */
	order(QUEUE_LIST, 0);
	for (int i = 0; i < 22; i++) {
		hear(CTL, QUEUE_ROW, &row);
		CHECK_NUMBER(row.state, QUEUE_ROW_DEFERRED);
		CHECK_NUMBER(row.last.code, 451);
		CHECK(row.next_us > clock_instant().us + MINUTES(1));
	}
	end();
}

/* One looks; when it gets through, the others follow. */
TEST(a_place_that_is_back_gets_its_mail)
{
	struct relay_result r = { .head = { .type = RELAY_RESULT },
		.reply = { .code = 250 } };
	struct relay_done done = { .head = { .type = RELAY_DONE } };

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	close_one();
	for (int i = 0; i < 5; i++)
		queued(1, one);
	wait_for(7, 2);
	order(QUEUE_RETRY, 0);
	check_done(7, OK);
	r.head.session = done.head.session = hear_dial("one.test");
	wait_for(7, 2);
	CHECK(hears_nothing(DIAL));
	say(RELAY, &r, -1);
	say(RELAY, &done, -1);
	hear_dial("one.test");
	hear_dial("one.test");
	end();
}

/* A peer that answers, whatever it says, is there. */
TEST(a_refusal_closes_no_place)
{
	struct relay_result r = { .head = { .type = RELAY_RESULT },
		.reply = { .code = 550, .enhanced = "5.7.1" } };
	struct relay_done done = { .head = { .type = RELAY_DONE } };

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	for (int i = 0; i < 10; i++) {
		queued(1, one);
		r.head.session = done.head.session = hear_dial("one.test");
		say(RELAY, &r, -1);
		say(RELAY, &done, -1);
	}
	end();
}

/* Our own trouble says nothing about a place: it is as good as it was. */
TEST(our_own_trouble_opens_no_place)
{
	struct dial_failed ours = { .head = { .type = DIAL_FAILED },
		.reply = { .code = 451, .enhanced = "4.3.2", .text_len = 18,
			.text = "Service restarting" } };

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	queued(1, one);
	say_unreached(hear_dial("one.test"));
	wait_for(1, 1);
	queued(1, one);
	ours.head.session = hear_dial("one.test");
	say(DIAL, &ours, -1);
	wait_for(2, 2);
	queued(1, one);
	say_unreached(hear_dial("one.test"));
	wait_for(3, 3);
	queued(1, one);
	wait_for(4, 3);
	CHECK(hears_nothing(DIAL));
	end();
}

/* Too old, and nobody connects: the attempt counts all the same. */
TEST(who_is_too_old_does_not_wait_for_a_dead_place)
{
	struct enqueue_open m;
	struct enqueue_done done;

	if (!fake_is_built(QUEUE))
		return;
	begin();
	start();
	close_one();
	m = letter(1);
	m.arrived_us = 1;
	hand_in(&m, one);
	hear(SUBMISSION, ENQUEUE_DONE, &done);
	wait_for(3, 3);
	CHECK(hears_nothing(DIAL));
	end();
}

/* --- TLS ----------------------------------------------------------------- */

static const struct {
	const char *what;
	uint32_t policy, first, second, third;
	uint16_t code; /* a server that wants TLS does not get mail returned */
} policies[] = {
	{ "wished: in clear at the next attempt, then wished again",
		SITE_TLS_OPPORTUNISTIC, TLS_OPPORTUNISTIC, TLS_NONE,
		TLS_OPPORTUNISTIC, 530 },
	{ "required: always", SITE_TLS_REQUIRED, TLS_REQUIRED, TLS_REQUIRED,
		TLS_REQUIRED, 451 },
};

/* The attempt ends with this reply; how it was to be encrypted. */
static uint32_t
attempt(uint16_t code, const char *enhanced)
{
	struct relay_result r = { .head = { .type = RELAY_RESULT },
		.reply = { .code = code } };
	struct relay_done done = { .head = { .type = RELAY_DONE } };
	struct dial_request dial;
	uint64_t rows, before, after;

	hear(DIAL, DIAL_REQUEST, &dial);
	list(&rows, &before);
	memcpy(r.reply.enhanced, enhanced, strlen(enhanced));
	r.head.session = done.head.session = dial.head.session;
	say(RELAY, &r, -1);
	say(RELAY, &done, -1);
	do
		list(&rows, &after);
	while (after == before);
	order(QUEUE_RETRY, 0);
	check_done(1, OK);
	return dial.tls;
}

TEST(tls_that_fails_is_left_out_once)
{
	if (!fake_is_built(QUEUE))
		return;
	EACH_CASE(c, policies) {
		struct site *s = play_site();

		s->relay_tls = c->policy;
		begin();
		fake_start(QUEUE, s, give);
		queued(1, one);
		CHECK_NUMBER(attempt(451, "4.7.5"), c->first);
		CHECK_NUMBER(attempt(c->code, "5.7.5"), c->second);
		CHECK_NUMBER(attempt(450, "4.2.0"), c->third);
		wait_for(1, 3);
		end();
	}
}

/* --- routes -------------------------------------------------------------- */

static void
add_route(struct site *s, const char *from, const char *to, uint32_t attempt,
	const char *host)
{
	struct site_route *r = &s->routes[s->routes_count++];

	memcpy(r->from, from, strlen(from));
	memcpy(r->to, to, strlen(to));
	memcpy(r->host.name, host, strlen(host));
	r->host.port = *host ? 26 : 0;
	r->attempt = attempt;
	r->tls = *host ? SITE_TLS_UNSAID : SITE_TLS_REQUIRED;
}

static const struct {
	const char *what;
	const char *from, *to, *host; /* the route that is set */
	const char *rcpt;
	const char *dialled;
	uint32_t tls;
} routes[] = {
	{ "no condition", "", "", "r.test", "a@one.test", "r.test",
		TLS_OPPORTUNISTIC },
	{ "the domain", "", "one.test", "r.test", "a@One.test", "r.test",
		TLS_OPPORTUNISTIC },
	{ "not a domain below it", "", "one.test", "r.test", "a@sub.one.test",
		"sub.one.test", TLS_OPPORTUNISTIC },
	{ "a domain below", "", ".one.test", "r.test", "a@sub.one.test",
		"r.test", TLS_OPPORTUNISTIC },
	{ "not the domain itself", "", ".one.test", "r.test", "a@one.test",
		"one.test", TLS_OPPORTUNISTIC },
	{ "not one that only ends like it", "", ".one.test", "r.test",
		"a@none.test", "none.test", TLS_OPPORTUNISTIC },
	{ "the sender", "alice@me.t", "", "r.test", "a@one.test", "r.test",
		TLS_OPPORTUNISTIC },
	{ "the sender's domain", "me.t", "", "r.test", "a@one.test", "r.test",
		TLS_OPPORTUNISTIC },
	{ "another sender", "bob@me.t", "", "r.test", "a@one.test", "one.test",
		TLS_OPPORTUNISTIC },
	{ "the servers of the domain, encrypted", "", "one.test", "",
		"a@one.test", "one.test", TLS_REQUIRED },
};

TEST(mail_goes_by_the_first_route_that_fits)
{
	if (!fake_is_built(QUEUE))
		return;
	EACH_CASE(c, routes) {
		struct site *s = play_site();
		struct dial_request m;

		add_route(s, c->from, c->to, 1, c->host);
		add_route(s, "nobody@me.t", "", 1, "x.test");
		begin();
		fake_start(QUEUE, s, give);
		queued(1, &c->rcpt);
		hear(DIAL, DIAL_REQUEST, &m);
		CHECK_SPAN(span_at(m.host, m.host_len), c->dialled);
		CHECK_NUMBER(m.tls, c->tls);
		CHECK_NUMBER(m.named, span_equals(span_of(c->dialled),
					      SPAN("r.test")));
		CHECK_NUMBER(m.by_mx, !m.named);
		end();
	}
}

/* The way for later attempts, also for who waits before a closed place. */
TEST(a_route_for_later_attempts_is_taken_later)
{
	struct site *s = play_site();
	uint64_t first, second;

	if (!fake_is_built(QUEUE))
		return;
	add_route(s, "", "", 2, "backup.test");
	begin();
	fake_start(QUEUE, s, give);
	for (int i = 0; i < 4; i++)
		queued(1, one);
	first = hear_dial("one.test");
	second = hear_dial("one.test");
	say_unreached(first);
	say_unreached(second);
	wait_for(4, 2);
	hear_dial("backup.test");
	hear_dial("backup.test");
	end();
}
