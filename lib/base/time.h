/* time.h -- points in time.  lib/ never asks for "now": it is an argument. */
#pragma once

#include "lib/base/buf.h"

/* Wall clock: microseconds since 1970-01-01T00:00:00Z, for people and records.
 * Never subtract two of them to get a duration that decides something. */
struct instant {
	int64_t us;
};

/* Monotonic clock: microseconds since some moment of this boot, for deadlines
 * (rule O6). */
struct tick {
	int64_t us;
};

#define SECONDS(n) ((int64_t)(n)*1000000)
#define MINUTES(n) SECONDS(60 * (int64_t)(n))
#define HOURS(n)   MINUTES(60 * (int64_t)(n))
#define DAYS(n)    HOURS(24 * (int64_t)(n))

/* Civil time in UTC, proleptic Gregorian. */
struct civil {
	int32_t year;
	uint8_t month, day;           /* from 1            */
	uint8_t hour, minute, second; /* no leap second    */
	uint8_t weekday;              /* 0 is Sunday       */
	uint32_t us;
};

/* Years 0001 to 9999; an instant outside is clamped to that range. */
struct civil civil_of(struct instant t);

/* False when the fields name no day or time; weekday is not looked at. */
bool civil_instant(const struct civil *c, struct instant *out);

/* "Tue, 24 Nov 2026 08:30:00 +0000", RFC 5322 section 3.3 */
bool put_date_rfc5322(struct buf *b, struct instant t);

/* "24-Nov-2026 08:30:00 +0000", date-time of RFC 3501 without its quotes */
bool put_date_imap(struct buf *b, struct instant t);

/* "2026-11-24T08:30:00.000000Z", RFC 3339 */
bool put_date_rfc3339(struct buf *b, struct instant t);

/* The same form off the front of *s; the fraction may be missing.  False, and
 * *s unchanged, when there is none. */
bool take_date_rfc3339(struct span *s, struct instant *out);

/* Month name ("Jan" to "Dec", any case) off the front of *s; 0 if none. */
unsigned take_month(struct span *s);
