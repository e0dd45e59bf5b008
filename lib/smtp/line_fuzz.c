/* However the octets are cut, the lines and the first fault are the same; no
 * line has a CR or an LF in it, and the lines with their CRLF are the input. */
#include "lib/smtp/line.h"

#include "lib/base/fuzz.h"

struct outcome {
	const struct fault *fault;
	uint64_t digest;
	size_t octets; /* of whole lines with their CRLF */
};

static struct outcome
read_lines(struct span in, size_t step)
{
	static struct line_reader r;
	struct outcome o = { 0 };

	line_reader_init(&r);
	while (in.len > 0 && !o.fault) {
		struct span part = span_shift_upto(&in, step), line;

		while (part.len > 0 && !o.fault) {
			o.fault = line_next(&r, &part, &line);
			if (o.fault || !span_is_set(line))
				continue;
			MUST(span_find_octet(line, '\n') == line.len);
			MUST(span_find_octet(line, '\r') == line.len);
			o.digest = digest_add(o.digest, line);
			MUST(r.lost == 0 || line.len == LINE_TEXT_MAX);
			o.octets += line.len + r.lost + 2;
		}
	}
	return o;
}

FUZZ(struct span input)
{
	struct outcome whole = read_lines(input, input.len);

	for (size_t step = 1; step < 9; step += 3) {
		struct outcome o = read_lines(input, step);

		MUST(o.fault == whole.fault && o.digest == whole.digest);
	}
	MUST(whole.octets <= input.len);
	if (whole.octets > 0)
		MUST(span_starts(span_at(input.at + whole.octets - 2, 2),
			SPAN("\r\n")));
}
