#include "lib/base/time.h"

#define US_A_DAY DAYS(1)

static const char *const month_names[] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const day_names[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
	"Fri", "Sat" };

#define YEAR_0001 (-INT64_C(62135596800) * 1000000)
#define YEAR_9999 (INT64_C(253402300799) * 1000000)

/* Days since 1970-01-01 of a date, by eras of 400 years. */
static int64_t
days_of(int64_t y, unsigned m, unsigned d)
{
	int64_t era, year_of_era, day_of_year, day_of_era;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	year_of_era = y - era * 400;
	day_of_year = (153 * (int64_t)(m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
		day_of_year;
	return era * 146097 + day_of_era - 719468;
}

struct civil
civil_of(struct instant t)
{
	int64_t us = t.us < YEAR_0001 ? YEAR_0001
		: t.us > YEAR_9999    ? YEAR_9999
				      : t.us;
	int64_t days = us / US_A_DAY, rest = us % US_A_DAY;
	int64_t z, era, doe, yoe, doy, mp;
	struct civil c;

	if (rest < 0) {
		rest += US_A_DAY;
		days--;
	}
	z = days + 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	c.day = (uint8_t)(doy - (153 * mp + 2) / 5 + 1);
	c.month = (uint8_t)(mp < 10 ? mp + 3 : mp - 9);
	c.year = (int32_t)(yoe + era * 400 + (c.month <= 2));
	c.hour = (uint8_t)(rest / HOURS(1));
	c.minute = (uint8_t)(rest / MINUTES(1) % 60);
	c.second = (uint8_t)(rest / SECONDS(1) % 60);
	c.us = (uint32_t)(rest % SECONDS(1));
	c.weekday = (uint8_t)(((days % 7) + 11) % 7);
	return c;
}

static unsigned
days_in(int32_t year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

bool
civil_instant(const struct civil *c, struct instant *out)
{
	if (c->year < 1 || c->year > 9999 || c->month < 1 || c->month > 12 ||
		c->day < 1 || c->day > days_in(c->year, c->month) ||
		c->hour > 23 || c->minute > 59 || c->second > 59 ||
		c->us > 999999)
		return false;
	out->us = days_of(c->year, c->month, c->day) * US_A_DAY +
		HOURS(c->hour) + MINUTES(c->minute) + SECONDS(c->second) +
		c->us;
	return true;
}

static bool
put_clock(struct buf *b, const struct civil *c)
{
	return buf_put_digits(b, c->hour, 2) && buf_push(b, ':') &&
		buf_put_digits(b, c->minute, 2) && buf_push(b, ':') &&
		buf_put_digits(b, c->second, 2);
}

/* As `put`, but nothing is left behind when it did not fit. */
static bool
whole(struct buf *b, size_t before, bool fitted)
{
	if (!fitted)
		b->len = before;
	return fitted;
}

bool
put_date_rfc5322(struct buf *b, struct instant t)
{
	struct civil c = civil_of(t);
	size_t before = b->len;

	return whole(b, before,
		buf_put_text(b, day_names[c.weekday]) &&
			buf_put_text(b, ", ") && buf_put_number(b, c.day) &&
			buf_push(b, ' ') &&
			buf_put_text(b, month_names[c.month - 1]) &&
			buf_push(b, ' ') &&
			buf_put_digits(b, (uint64_t)c.year, 4) &&
			buf_push(b, ' ') && put_clock(b, &c) &&
			buf_put_text(b, " +0000"));
}

bool
put_date_imap(struct buf *b, struct instant t)
{
	struct civil c = civil_of(t);
	size_t before = b->len;

	return whole(b, before,
		buf_put_digits(b, c.day, 2) && buf_push(b, '-') &&
			buf_put_text(b, month_names[c.month - 1]) &&
			buf_push(b, '-') &&
			buf_put_digits(b, (uint64_t)c.year, 4) &&
			buf_push(b, ' ') && put_clock(b, &c) &&
			buf_put_text(b, " +0000"));
}

bool
put_date_rfc3339(struct buf *b, struct instant t)
{
	struct civil c = civil_of(t);
	size_t before = b->len;

	return whole(b, before,
		buf_put_digits(b, (uint64_t)c.year, 4) && buf_push(b, '-') &&
			buf_put_digits(b, c.month, 2) && buf_push(b, '-') &&
			buf_put_digits(b, c.day, 2) && buf_push(b, 'T') &&
			put_clock(b, &c) && buf_push(b, '.') &&
			buf_put_digits(b, c.us, 6) && buf_push(b, 'Z'));
}

unsigned
take_month(struct span *s)
{
	for (unsigned m = 0; m < 12; m++)
		if (span_take_nocase(s, span_of(month_names[m])))
			return m + 1;
	return 0;
}

/* `n` digits */
static bool
take_digits(struct span *s, size_t n, uint32_t *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = s->len > 0 ? *s->at : 0;

		if (c < '0' || c > '9')
			return false;
		*out = *out * 10 + (c - '0');
		span_shift(s);
	}
	return true;
}

bool
take_date_rfc3339(struct span *s, struct instant *out)
{
	/* the digits of each part, and what follows it */
	static const struct {
		size_t digits;
		uint8_t end;
	} parts[] = { { 4, '-' }, { 2, '-' }, { 2, 'T' }, { 2, ':' }, { 2, ':' },
		{ 2, 0 } };
	struct span in = *s;
	uint32_t n[6], us = 0;
	struct civil c;

	for (size_t i = 0; i < 6; i++)
		if (!take_digits(&in, parts[i].digits, &n[i]) ||
			(parts[i].end && !span_take(&in, parts[i].end)))
			return false;
	if (span_take(&in, '.') && !take_digits(&in, 6, &us))
		return false;
	c = (struct civil){ .year = (int32_t)n[0], .month = (uint8_t)n[1],
		.day = (uint8_t)n[2], .hour = (uint8_t)n[3],
		.minute = (uint8_t)n[4], .second = (uint8_t)n[5], .us = us };
	if (!span_take(&in, 'Z') || !civil_instant(&c, out))
		return false;
	*s = in;
	return true;
}
