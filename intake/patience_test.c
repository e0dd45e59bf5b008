#include "intake/patience.h"

#include "lib/base/test.h"

static const struct site site = { .idle_us = SECONDS(300),
	.data_us = SECONDS(180), .message_us = SECONDS(3600),
	.data_rate = 500, .login_us = SECONDS(60),
	.session_us = SECONDS(7200) };

/* All in seconds. */
static const struct {
	const char *what;
	int64_t opened, began, heard;
	enum step step;
	bool login_due;
	uint64_t octets;
	int64_t end;
} cases[] = {
	{ "a silent client", 0, 0, 0, STEP_COMMAND, false, 0, 300 },
	{ "octets of a command move nothing", 0, 0, 299, STEP_COMMAND, false,
		0, 300 },
	{ "the next command has its own time", 0, 40, 40, STEP_COMMAND, false,
		0, 340 },
	{ "no handshake by drops", 0, 10, 35, STEP_HANDSHAKE, false, 0, 40 },
	{ "a message that does not begin", 0, 0, 0, STEP_MESSAGE, false, 0,
		180 },
	{ "DO-D02: an octet each 30 s", 0, 0, 170, STEP_MESSAGE, false, 6,
		180 },
	{ "an octet each 30 s behind 10,000 at once", 0, 0, 190, STEP_MESSAGE,
		false, 10000, 200 },
	{ "fast enough", 0, 0, 1000, STEP_MESSAGE, false, 1000000, 1180 },
	{ "nothing more behind a large block", 0, 0, 10, STEP_MESSAGE, false,
		1000000, 190 },
	{ "a message has an end however fast it is", 0, 0, 3599, STEP_MESSAGE,
		false, 1000000000, 3600 },
	{ "login: one time for all of it", 0, 50, 59, STEP_COMMAND, true, 0,
		60 },
	{ "login: the handshake counts", 0, 40, 40, STEP_HANDSHAKE, true, 0,
		60 },
	{ "the session ends", 0, 7100, 7100, STEP_COMMAND, false, 0, 7200 },
	{ "the session ends in a message too", 0, 7000, 7100, STEP_MESSAGE,
		false, 100000, 7200 },
	{ "another process is asked", 0, 100, 100, STEP_ANSWER, false, 0,
		700 },
};

TEST(each_step_has_an_end)
{
	EACH_CASE(c, cases) {
		struct patience p = { { SECONDS(c->opened) },
			{ SECONDS(c->began) }, { SECONDS(c->heard) }, c->step,
			c->login_due, c->octets };

		CHECK_NUMBER(patience_end(&p, &site).us, SECONDS(c->end));
	}
}

TEST(octets_without_end_do_not_wrap)
{
	struct patience p = { .step = STEP_MESSAGE, .octets = 512u << 20 };
	static struct site slow;

	test_row = "the largest message at the slowest rate";
	slow = site;
	slow.data_rate = 1;
	p.heard.us = SECONDS(3500);
	CHECK_NUMBER(patience_end(&p, &slow).us, SECONDS(3600));
}
