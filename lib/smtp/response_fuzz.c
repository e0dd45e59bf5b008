/* Whatever a server says, however it is cut: the same answers and the same
 * fault; an answer is printable, and its status code is of its class. */
#include "lib/smtp/response.h"

#include "lib/base/fuzz.h"

struct outcome {
	const struct fault *fault;
	uint64_t digest;
	unsigned lines;
};

static void
count_line(void *arg, struct span text)
{
	struct outcome *o = arg;

	o->lines++;
	o->digest = digest_add(o->digest, text);
}

static void
check(const struct response *r)
{
	MUST(r->code >= 200 && r->code <= 599);
	MUST(r->enhanced[0] == '0' + response_class(r));
	MUST(r->enhanced[1] == '.');
	MUST(memchr(r->enhanced, 0, sizeof r->enhanced));
	MUST(r->text_len <= RESPONSE_TEXT);
	for (size_t i = 0; i < r->text_len; i++)
		MUST(r->text[i] >= 32 && r->text[i] <= 126);
}

static struct outcome
read_answers(struct span in, size_t step)
{
	static struct response_reader reader;
	struct outcome o = { 0 };

	response_reader_init(&reader);
	while (in.len > 0 && !o.fault) {
		struct span part = span_shift_upto(&in, step);

		while (part.len > 0 && !o.fault) {
			struct response r;
			bool done;

			o.fault = response_next(&reader, &part, count_line, &o,
				&r, &done);
			if (o.fault || !done)
				continue;
			check(&r);
			o.digest = digest_add(o.digest + r.code,
				span_at(r.text, r.text_len));
		}
	}
	return o;
}

FUZZ(struct span input)
{
	struct outcome whole = read_answers(input, input.len);

	for (size_t step = 1; step < 9; step += 3) {
		struct outcome o = read_answers(input, step);

		MUST(o.fault == whole.fault && o.digest == whole.digest &&
			o.lines == whole.lines);
	}
}
