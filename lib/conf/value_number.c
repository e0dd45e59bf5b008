#include "lib/conf/kinds.h"

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/conf/units.h"

#define SECOND SECONDS(1)

void
value_store_number(const struct setting *row, void *place, uint64_t n)
{
	uint32_t four = (uint32_t)n;
	uint16_t two = (uint16_t)n;

	MUST(row->size == 2 || row->size == 4 || row->size == 8);
	memcpy(place,
		row->size == 8	       ? (const void *)&n
			: row->size == 4 ? (const void *)&four
					 : (const void *)&two,
		row->size);
}

uint64_t
value_load_number(const struct setting *row, const void *place)
{
	uint64_t eight = 0;
	uint32_t four = 0;
	uint16_t two = 0;

	if (row->size == 8)
		memcpy(&eight, place, 8);
	else if (row->size == 4)
		memcpy(&four, place, 4);
	else
		memcpy(&two, place, 2);
	return eight + four + two;
}

const char *
take_number(const struct setting *row, struct span text, void *place,
	void *also)
{
	uint64_t n;

	(void)also;
	if (number_parse(text, 0, UINT64_MAX, &n) != OK)
		return "not a number";
	if (n < row->min || n > row->max)
		return "out of range";
	value_store_number(row, place, n);
	return NULL;
}

bool
put_number(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)also;
	return buf_put_number(b, value_load_number(row, place));
}

const char *
take_size(const struct setting *row, struct span text, void *place, void *also)
{
	uint64_t n;

	(void)also;
	if (!units_parse(UNITS_SIZE, text, &n))
		return "not a size";
	if (n < row->min || n > row->max)
		return "out of range";
	value_store_number(row, place, n);
	return NULL;
}

bool
put_size(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)also;
	return put_units(b, UNITS_SIZE, value_load_number(row, place));
}

static const char *
take_seconds(const struct setting *row, struct span text, uint64_t *us)
{
	uint64_t n;

	if (!units_parse(UNITS_TIME, text, &n))
		return "not a time";
	if (n < row->min || n > row->max)
		return "out of range";
	*us = n * (uint64_t)SECOND;
	return NULL;
}

const char *
take_time(const struct setting *row, struct span text, void *place, void *also)
{
	uint64_t us;
	const char *wrong = take_seconds(row, text, &us);

	(void)also;
	if (!wrong)
		value_store_number(row, place, us);
	return wrong;
}

bool
put_time(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)also;
	return put_units(b, UNITS_TIME,
		value_load_number(row, place) / (uint64_t)SECOND);
}

const char *
take_schedule(const struct setting *row, struct span text, void *place,
	void *also)
{
	uint64_t us[SITE_SCHEDULE] = { 0 };
	uint32_t count = 0;

	while (text.len > 0) {
		size_t len = span_find_octet(text, ' ');
		const char *wrong;

		if (count == SITE_SCHEDULE)
			return "more than 32 times";
		wrong = take_seconds(row, span_shift_upto(&text, len),
			&us[count++]);
		if (wrong)
			return wrong;
		if (span_take(&text, ' ') && text.len == 0)
			return "ends in a blank";
	}
	if (count == 0)
		return "empty";
	memcpy(place, us, sizeof us);
	memcpy(also, &count, sizeof count);
	return NULL;
}

bool
put_schedule(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	uint32_t count;
	int64_t us[SITE_SCHEDULE];

	(void)row;
	memcpy(&count, also, sizeof count);
	memcpy(us, place, sizeof us);
	for (uint32_t i = 0; i < count && i < SITE_SCHEDULE; i++)
		if ((i > 0 && !buf_push(b, ' ')) ||
			!put_units(b, UNITS_TIME,
				(uint64_t)(us[i] / SECOND)))
			return false;
	return true;
}
