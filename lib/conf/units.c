#include "lib/conf/units.h"

#include "lib/base/number.h"

#define DIGITS 12 /* times the largest unit fits into 64 bits */

struct unit {
	uint64_t times;
	uint8_t letter; /* 0: none */
};

/* Largest first. */
static const struct unit tables[][4] = {
	[UNITS_SIZE] = { { GiB(1), 'G' }, { MiB(1), 'M' }, { KiB(1), 'K' },
		{ 1, 0 } },
	[UNITS_TIME] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' },
		{ 1, 's' } },
};

bool
units_parse(enum units units, struct span text, uint64_t *out)
{
	uint8_t letter = 0;
	uint64_t n;

	if (number_take(&text, DIGITS, 0, UINT64_MAX, &n) != OK)
		return false;
	if (text.len > 0)
		letter = span_shift(&text);
	if (text.len > 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(tables[0]); i++)
		if (tables[units][i].letter == letter)
			return ck_mul(n, tables[units][i].times, out);
	return false;
}

bool
put_units(struct buf *b, enum units units, uint64_t n)
{
	const struct unit *u = tables[units];

	while (u->times > 1 && (n == 0 || n % u->times != 0))
		u++;
	if (!buf_put_number(b, n / u->times))
		return false;
	return u->letter == 0 || buf_push(b, u->letter);
}
