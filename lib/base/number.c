#include "lib/base/number.h"

FALLIBLE
number_take(struct span *s, unsigned digits, uint64_t min, uint64_t max,
	uint64_t *out)
{
	struct span in = *s;
	uint64_t n = 0;
	unsigned count = 0;

	while (in.len > 0 && *in.at >= '0' && *in.at <= '9') {
		if (++count > digits || !ck_mul(n, 10, &n) ||
			!ck_add(n, (uint64_t)(span_shift(&in) - '0'), &n))
			return &fault_number_syntax;
	}
	if (count == 0 || n < min || n > max)
		return &fault_number_syntax;
	*s = in;
	*out = n;
	return OK;
}

FALLIBLE
number_parse(struct span s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t n;

	TRY(number_take(&s, 20, min, max, &n));
	if (s.len > 0)
		return &fault_number_syntax;
	*out = n;
	return OK;
}
