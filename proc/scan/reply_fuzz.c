/* However the socket cuts the stream, the same replies come out; and clean is
 * what has exactly one spelling. */
#include "lib/base/fuzz.h"
#include "proc/scan/reply.h"

struct outcome {
	uint64_t digest; /* of every reply, in order */
	const struct fault *fault;
};

static void
note(struct outcome *o, const struct reply *r, struct span text)
{
	struct span tail = SPAN(": OK\0");

	o->digest = digest_add(o->digest, span_at(&r->number, 8));
	o->digest = digest_add(o->digest, span_at(&r->kind, sizeof r->kind));
	o->digest = digest_add(o->digest, r->name);
	MUST(r->number > 0);
	MUST(r->kind != REPLY_CLEAN ||
		span_equals(span_at(text.at + text.len - tail.len, tail.len),
			tail));
	MUST((r->kind == REPLY_FOUND || r->kind == REPLY_UNCHECKED) ==
		(r->name.len > 0));
}

/* `at` has room for everything: what is not used up stays in front. */
static struct outcome
read_in_pieces(struct span in, size_t piece)
{
	static uint8_t room[8192 + 64];
	struct buf b = BUF(room);
	struct outcome o = { 0 };

	while (in.len > 0 && !o.fault &&
		buf_put(&b, span_shift_upto(&in, piece))) {
		struct span rest = buf_view(&b);

		for (;;) {
			struct span before = rest;
			struct reply r;
			bool done;

			o.fault = reply_take(&rest, &r, &done);
			if (o.fault || !done)
				break;
			note(&o, &r, span_before(before, rest));
		}
		buf_drop(&b, b.len - rest.len);
	}
	return o;
}

FUZZ(struct span input)
{
	size_t piece = input.len > 0 ? 1 + span_shift(&input) % 64 : 1;
	struct outcome whole = read_in_pieces(input, SIZE_MAX);
	struct outcome parts = read_in_pieces(input, piece);

	MUST(whole.digest == parts.digest);
	MUST(whole.fault == parts.fault);
}
