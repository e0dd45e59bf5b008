/* However the octets are cut, the source and what is left are the same; nothing
 * is taken beyond the header. */
#include "lib/base/fuzz.h"
#include "lib/smtp/proxy.h"

struct outcome {
	const struct fault *fault;
	struct proxy_source source;
	bool done;
	size_t taken;
};

static struct outcome
read_header(struct span in, size_t step)
{
	static struct proxy_reader r;
	struct outcome o = { .fault = OK };
	size_t all = in.len;

	proxy_reader_init(&r);
	while (in.len > 0 && !o.fault && !o.done) {
		struct span part = span_at(in.at, in.len < step ? in.len : step);
		size_t len = part.len;

		o.fault = proxy_next(&r, &part, &o.source, &o.done);
		span_shift_upto(&in, len - part.len);
		MUST(o.fault || o.done || part.len == 0);
	}
	o.taken = all - in.len;
	MUST(o.taken <= PROXY_MAX);
	return o;
}

FUZZ(struct span input)
{
	struct outcome whole = read_header(input, input.len);

	for (size_t step = 1; step < 9; step += 3) {
		struct outcome o = read_header(input, step);

		MUST(o.fault == whole.fault && o.done == whole.done &&
			o.taken == whole.taken);
		MUST(memcmp(&o.source, &whole.source, sizeof o.source) == 0);
	}
}
