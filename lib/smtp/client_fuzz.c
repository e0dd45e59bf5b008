/* Whatever a server says and wherever the connection ends: each recipient of
 * each job has exactly one result, and success only a message that was sent. */
#include "lib/base/fuzz.h"
#include "lib/smtp/fake_queue.h"

#define INPUT_MAX 8192

static const struct client_rcpt rcpts[] = { { .address = SPAN("a@b") },
	{ SPAN("c@d"), NOTIFY_NEVER, SPAN("rfc822;x@y") },
	{ .address = SPAN("e@f") }, { .address = SPAN("g@h") } };

struct run {
	struct smtp_client c;
	struct fake_queue q;
	uint8_t said[INPUT_MAX * 8];
};

static void
talk(struct run *r, struct span in, unsigned kind, unsigned seed)
{
	struct client_setup setup = { .host = SPAN("me.test"),
		.tls = kind & 1 ? CLIENT_TLS_REQUIRED
				: CLIENT_TLS_OPPORTUNISTIC,
		.lmtp = kind >> 6 & 1 };
	bool goes_on = true;

	r->q = (struct fake_queue){ .c = &r->c, .said = BUF(r->said),
		.body = SPAN("hi\r\n.there\r\n"), .jobs = 3,
		.job = { .sender = SPAN("a@b"), .rcpts = rcpts,
			.count = 1 + (kind >> 1) % FAKE_RCPTS, .size = 12,
			.eight_bit = kind >> 3 & 1, .utf8 = kind >> 4 & 1,
			.ret = kind >> 5 & 1, .envid = SPAN("e") } };
	smtp_client_init(&r->c, &setup);
	fake_job(&r->q);
	while (goes_on && in.len > 0) {
		size_t n = seed ? 1 + (seed >> 16) % 9 : in.len;

		seed = seed * 1103515245u + (seed ? 12345u : 0);
		goes_on = fake_hear(&r->q, span_shift_upto(&in, n));
	}
	if (goes_on)
		fake_lose(&r->q);
	fake_check(&r->q);
}

FUZZ(struct span input)
{
	static struct run run;
	unsigned kind;

	if (input.len == 0 || input.len > INPUT_MAX)
		return;
	kind = span_shift(&input);
	talk(&run, input, kind, 0);
	talk(&run, input, kind, kind * 2654435761u | 1);
}
