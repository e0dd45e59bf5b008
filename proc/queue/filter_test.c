#include <string.h>

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "proc/queue/queue.h"

#define NOW ((struct instant){ 1796000000000000 })

static uint8_t said[] = "Greylisted, come back";

static struct {
	struct queued q;
	struct queue_rcpt rcpts[2];
} x;

static void
make(const char *sender)
{
	memset(&x, 0, sizeof x);
	x.q = (struct queued){ .id = 7,
		.count = 2,
		.arrived_us = NOW.us - HOURS(2),
		.sender = span_of(sender) };
	x.q.rcpts[0] = (struct queue_rcpt){ .address = SPAN("a@One.test"),
		.code = 450,
		.enhanced = "4.2.0",
		.text = said,
		.text_len = sizeof said - 1 };
	x.q.rcpts[1] = (struct queue_rcpt){ .address = SPAN("b@sub.one.test"),
		.code = 550,
		.enhanced = "5.1.1" };
}

static const struct {
	const char *what;
	uint64_t id;
	int64_t age_us;
	const char *sender, *rcpt, *reason;
	bool first, second; /* recipients that pass */
} cases[] = {
	{ "nothing is asked", 0, 0, "", "", "", true, true },
	{ "its number", 7, 0, "", "", "", true, true },
	{ "another number", 8, 0, "", "", "", false, false },
	{ "as old", 0, HOURS(2), "", "", "", true, true },
	{ "older", 0, HOURS(2) + 1, "", "", "", false, false },
	{ "its sender", 0, 0, "Alice@me.test", "", "", true, true },
	{ "a sender of the domain", 0, 0, "@me.test", "", "", true, true },
	{ "a part of the domain", 0, 0, "@e.test", "", "", false, false },
	{ "not the null sender", 0, 0, "<>", "", "", false, false },
	{ "one recipient", 0, 0, "", "a@one.test", "", true, false },
	{ "one domain", 0, 0, "", "@one.test", "", true, false },
	{ "a reason by its word", 0, 0, "", "", "greylisted", true, false },
	{ "a reason by its word, upper", 0, 0, "", "", "UNKNOWN", false, true },
	{ "a reason by what was said", 0, 0, "", "", "come back", true, false },
	{ "both must hold", 0, 0, "", "@one.test", "unknown", false, false },
};

TEST(what_is_said_must_hold)
{
	make("alice@me.test");
	EACH_CASE(c, cases) {
		struct queue_order m = { .id = c->id, .age_us = c->age_us };

		m.sender_len = (uint16_t)strlen(c->sender);
		m.rcpt_len = (uint16_t)strlen(c->rcpt);
		m.reason_len = (uint16_t)strlen(c->reason);
		memcpy(m.sender, c->sender, m.sender_len);
		memcpy(m.rcpt, c->rcpt, m.rcpt_len);
		memcpy(m.reason, c->reason, m.reason_len);
		CHECK(order_is_sound(&m));
		CHECK_NUMBER(filter_rcpt(&m, &x.q, &x.q.rcpts[0], NOW),
			c->first);
		CHECK_NUMBER(filter_rcpt(&m, &x.q, &x.q.rcpts[1], NOW),
			c->second);
		CHECK_NUMBER(filter_message(&m, &x.q, NOW),
			c->first || c->second);
	}
}

TEST(the_null_sender_has_a_name)
{
	struct queue_order m = { .sender_len = 2, .sender = "<>" };

	make("");
	CHECK(filter_message(&m, &x.q, NOW));
	m.sender[1] = '@';
	CHECK(!filter_message(&m, &x.q, NOW));
}

TEST(an_order_that_overflows_is_not_sound)
{
	struct queue_order m = { 0 };

	m.sender_len = sizeof m.sender + 1;
	CHECK(!order_is_sound(&m));
	m = (struct queue_order){ .reason_len = sizeof m.reason + 1 };
	CHECK(!order_is_sound(&m));
	m = (struct queue_order){ .host_len = QUEUE_HOST_MAX + 1 };
	CHECK(!order_is_sound(&m));
}
