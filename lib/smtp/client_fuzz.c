/* Whatever a server says and wherever the connection ends: each recipient of
 * each job has exactly one result, and success only a message that was sent.
 * However its lines are cut, the client says the same and the results are the
 * same; what comes with a line or behind it is not, because some answers must
 * not come before the client has spoken. */
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

enum how { ALL_AT_ONCE, LINES, CUT };

static size_t
line_length(struct span in)
{
	size_t lf = span_find_octet(in, '\n');

	return lf < in.len ? lf + 1 : in.len;
}

static void
talk(struct run *r, struct span in, unsigned kind, enum how how)
{
	struct client_setup setup = { .host = SPAN("me.test"),
		.tls = kind & 1 ? CLIENT_TLS_REQUIRED
				: CLIENT_TLS_OPPORTUNISTIC,
		.lmtp = kind >> 6 & 1 };
	unsigned seed = kind * 2654435761u;
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
		struct span line = how == ALL_AT_ONCE
			? in
			: span_at(in.at, line_length(in));

		span_shift_upto(&in, line.len);
		while (goes_on && line.len > 0) {
			size_t n = how == CUT ? 1 + (seed >> 16) % 9
					      : line.len;

			seed = seed * 1103515245u + 12345u;
			goes_on = fake_hear(&r->q, span_shift_upto(&line, n));
		}
	}
	if (goes_on)
		fake_lose(&r->q);
	fake_check(&r->q);
}

FUZZ(struct span input)
{
	static struct run whole, cut;
	unsigned kind;

	if (input.len == 0 || input.len > INPUT_MAX)
		return;
	kind = span_shift(&input);
	talk(&whole, input, kind, ALL_AT_ONCE);
	talk(&whole, input, kind, LINES);
	talk(&cut, input, kind, CUT);
	MUST(span_equals(buf_view(&whole.q.said), buf_view(&cut.q.said)));
	for (size_t i = 0; i < FAKE_RCPTS; i++)
		MUST(whole.q.codes[i] == cut.q.codes[i]);
}
