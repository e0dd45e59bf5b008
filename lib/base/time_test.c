#include "lib/base/time.h"

#include "lib/base/number.h"
#include "lib/base/test.h"

static const struct {
	const char *what;
	int64_t us;
	const char *mail, *imap, *log;
} dates[] = {
	{ "the first moment", 0, "Thu, 1 Jan 1970 00:00:00 +0000",
		"01-Jan-1970 00:00:00 +0000", "1970-01-01T00:00:00.000000Z" },
	{ "a microsecond before it", -1, "Wed, 31 Dec 1969 23:59:59 +0000",
		"31-Dec-1969 23:59:59 +0000", "1969-12-31T23:59:59.999999Z" },
	{ "a leap day", SECONDS(951827696), "Tue, 29 Feb 2000 12:34:56 +0000",
		"29-Feb-2000 12:34:56 +0000", "2000-02-29T12:34:56.000000Z" },
	{ "the end of 31 bits of seconds", SECONDS(INT32_MAX),
		"Tue, 19 Jan 2038 03:14:07 +0000", "19-Jan-2038 03:14:07 +0000",
		"2038-01-19T03:14:07.000000Z" },
	{ "a second later", SECONDS(INT32_MAX) + SECONDS(1),
		"Tue, 19 Jan 2038 03:14:08 +0000", "19-Jan-2038 03:14:08 +0000",
		"2038-01-19T03:14:08.000000Z" },
	{ "the end of 32 bits of seconds", SECONDS(UINT32_MAX) + 5,
		"Sun, 7 Feb 2106 06:28:15 +0000", "07-Feb-2106 06:28:15 +0000",
		"2106-02-07T06:28:15.000005Z" },
	{ "a second later", SECONDS(UINT32_MAX) + SECONDS(1),
		"Sun, 7 Feb 2106 06:28:16 +0000", "07-Feb-2106 06:28:16 +0000",
		"2106-02-07T06:28:16.000000Z" },
	{ "no leap day in 2100", SECONDS(4107542400),
		"Mon, 1 Mar 2100 00:00:00 +0000", "01-Mar-2100 00:00:00 +0000",
		"2100-03-01T00:00:00.000000Z" },
	{ "before the first year", INT64_MIN, "Mon, 1 Jan 0001 00:00:00 +0000",
		"01-Jan-0001 00:00:00 +0000", "0001-01-01T00:00:00.000000Z" },
	{ "behind the last year", INT64_MAX, "Fri, 31 Dec 9999 23:59:59 +0000",
		"31-Dec-9999 23:59:59 +0000", "9999-12-31T23:59:59.000000Z" },
};

TEST(dates_are_written_in_three_ways)
{
	EACH_CASE(c, dates) {
		uint8_t storage[40];
		struct instant t = { c->us };
		struct buf b = BUF(storage);
		struct instant back;
		struct span text;

		CHECK(put_date_rfc5322(&b, t));
		CHECK_SPAN(buf_view(&b), c->mail);
		buf_clear(&b);
		CHECK(put_date_imap(&b, t));
		CHECK_SPAN(buf_view(&b), c->imap);
		buf_clear(&b);
		CHECK(put_date_rfc3339(&b, t));
		CHECK_SPAN(buf_view(&b), c->log);
		text = buf_view(&b);
		CHECK(take_date_rfc3339(&text, &back) && text.len == 0);
		/* beyond the years that can be written t is clamped */
		if (civil_of(t).year > 1 && civil_of(t).year < 9999)
			CHECK_NUMBER(back.us, c->us);
	}
}

TEST(a_date_that_does_not_fit_leaves_nothing_behind)
{
	uint8_t storage[24];
	struct buf b = BUF(storage);

	CHECK(!put_date_rfc5322(&b, (struct instant){ 0 }));
	CHECK(!put_date_imap(&b, (struct instant){ 0 }));
	CHECK(!put_date_rfc3339(&b, (struct instant){ 0 }));
	CHECK_NUMBER(b.len, 0);
}

static const struct {
	const char *what;
	struct civil civil;
} no_times[] = {
	{ "year 0", { .year = 0, .month = 1, .day = 1 } },
	{ "year 10000", { .year = 10000, .month = 1, .day = 1 } },
	{ "month 0", { .year = 2026, .month = 0, .day = 1 } },
	{ "month 13", { .year = 2026, .month = 13, .day = 1 } },
	{ "day 0", { .year = 2026, .month = 1, .day = 0 } },
	{ "31 April", { .year = 2026, .month = 4, .day = 31 } },
	{ "29 February of a common year", { .year = 2026, .month = 2, .day = 29 } },
	{ "29 February of 1900", { .year = 1900, .month = 2, .day = 29 } },
	{ "24 o'clock", { .year = 2026, .month = 1, .day = 1, .hour = 24 } },
	{ "minute 60", { .year = 2026, .month = 1, .day = 1, .minute = 60 } },
	{ "a leap second", { .year = 2026, .month = 1, .day = 1, .second = 60 } },
	{ "a second in microseconds",
		{ .year = 2026, .month = 1, .day = 1, .us = 1000000 } },
};

TEST(civil_instant_refuses_days_that_never_were)
{
	EACH_CASE(c, no_times) {
		struct instant t = { 7 };

		CHECK(!civil_instant(&c->civil, &t));
		CHECK_NUMBER(t.us, 7);
	}
}

/* Each day from 0001-01-01 to 9999-12-31 follows the day before it. */
TEST(every_day_comes_back)
{
	struct civil c = { .year = 1, .month = 1, .day = 1 };
	struct instant t, back;
	unsigned weekday = 1;
	size_t days = 0;

	CHECK(civil_instant(&c, &t));
	for (; c.year < 10000 && days < 3652059; days++, t.us += DAYS(1)) {
		c = civil_of(t);
		if (c.weekday != weekday || !civil_instant(&c, &back) ||
			back.us != t.us)
			break;
		weekday = (weekday + 1) % 7;
	}
	CHECK_NUMBER(days, 3652059);
	CHECK_NUMBER(c.year * 10000 + c.month * 100 + c.day, 99991231);
}

TEST(take_month_knows_twelve_names)
{
	struct span in = SPAN("sEp-2026");
	struct span none = SPAN("Sptember");

	CHECK_NUMBER(take_month(&in), 9);
	CHECK_SPAN(in, "-2026");
	CHECK_NUMBER(take_month(&none), 0);
	CHECK_SPAN(none, "Sptember");
}

static const struct {
	const char *what, *text;
	bool good;
} moments[] = {
	{ "whole seconds", "2026-11-24T08:30:00Z", true },
	{ "a short fraction", "2026-11-24T08:30:00.5Z", false },
	{ "no such month", "2026-13-24T08:30:00Z", false },
	{ "a blank", "2026-11-24 08:30:00Z", false },
	{ "no zone", "2026-11-24T08:30:00", false },
	{ "a short year", "26-11-24T08:30:00Z", false },
	{ "nothing", "", false },
};

TEST(a_moment_is_read_whole_or_not)
{
	EACH_CASE(c, moments) {
		struct span in = span_of(c->text);
		struct instant t;

		CHECK(take_date_rfc3339(&in, &t) == c->good);
		CHECK_NUMBER(in.len, c->good ? 0 : strlen(c->text));
	}
}
