#include "lib/base/buf.h"
#include "lib/base/number.h"
#include "lib/base/property.h"

/* What is written is read back, exactly where the range has room for it. */
PROPERTY(number_round_trip)
{
	uint8_t storage[20];
	struct buf b = BUF(storage);
	ANY(uint64_t, n);
	ANY(uint64_t, min);
	ANY(uint64_t, max);
	uint64_t out = ~n;
	bool read;

	MUST(buf_put_number(&b, n));
	read = number_parse(buf_view(&b), min, max, &out) == OK;

	MUST(read == (n >= min && n <= max));
	MUST(out == (read ? n : ~n));
}
