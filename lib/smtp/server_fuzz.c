/* However the network cuts what a client says, the replies, the questions to
 * the host and the messages are the same.
 *
 * A client waits for the answer to DATA and STARTTLS (RFC 2920 section 3.1):
 * the engine refuses octets that came behind them, so there both runs cut. */
#include "lib/base/fuzz.h"
#include "lib/smtp/fake_host.h"

#define INPUT_MAX 8192

static const struct smtp_profile profiles[] = {
	{ .host = SPAN("mx.test"), .tls_offered = true, .max_message = 200,
		.max_rcpts = 3, .max_messages = 3 },
	{ .host = SPAN("mx.test"), .submission = true, .burns = true, .tls_from_start = true,
		.max_message = 200, .max_rcpts = 3, .max_messages = 3 },
};

struct run {
	struct smtp_server s;
	struct fake_host h;
	uint8_t asked[INPUT_MAX], said[INPUT_MAX * 64], message[256];
};

/* What a client sends before it waits. */
static struct span
take_flight(struct span *in)
{
	struct span start = *in;

	while (in->len > 0) {
		struct span line = *in;

		span_shift_upto(in, span_find_octet(*in, '\n') + 1);
		line = span_before(line, *in); /* a chunk may end inside it */
		if (span_find_nocase(line, SPAN("DATA")) < line.len ||
			span_find_nocase(line, SPAN("STARTTLS")) < line.len)
			break;
	}
	return span_before(start, *in);
}

/* Cuts are drawn from `seed`, 0: none. */
static bool
give_flight(struct fake_host *h, struct span flight, unsigned *seed)
{
	while (flight.len > 0) {
		size_t n = *seed ? 1 + (*seed >> 16) % 7 : flight.len;

		*seed = *seed * 1103515245u + (*seed ? 12345u : 0);
		if (!fake_give(h, span_shift_upto(&flight, n)))
			return false;
	}
	return true;
}

static void
talk(struct run *r, const struct smtp_profile *p, struct span in, unsigned seed)
{
	r->h = (struct fake_host){ .s = &r->s, .asked = BUF(r->asked),
		.said = BUF(r->said), .message = BUF(r->message) };
	smtp_server_init(&r->s, p);
	if (p->tls_from_start)
		smtp_secured(&r->s, true);
	while (in.len > 0 && give_flight(&r->h, take_flight(&in), &seed))
		;
}

FUZZ(struct span input)
{
	static struct run whole, cut;
	const struct smtp_profile *p = &profiles[input.len & 1];

	if (input.len > INPUT_MAX)
		return;
	talk(&whole, p, input, 0);
	talk(&cut, p, input, (unsigned)input.len * 2654435761u | 1);
	MUST(span_equals(buf_view(&whole.h.said), buf_view(&cut.h.said)));
	MUST(span_equals(buf_view(&whole.h.asked), buf_view(&cut.h.asked)));
	MUST(whole.h.kept == cut.h.kept);
	MUST(whole.s.state == cut.s.state);
}
