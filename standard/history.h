/* history.h -- what the log says of the last day: the continuous letter.
 *
 * The rules of history.c name, for a clause, the events that must never be, and
 * one that shows that somebody looks.  To add a clause, add its rows there and
 * `kept_by_log` as its third check in clauses.def.
 *
 * The log counts as whole when its rows of the survey (HOST_SURVEYED, hourly)
 * have no gap but those in which the site did not run, and none was lost.
 */
#pragma once

#include "standard/standard.h"

#define HISTORY_DAY DAYS(1)
#define HISTORY_GAP HOURS(2)

/* A row of the log: the line, whose texts are escaped, so that `"name":` in it
 * is always a field. */
struct history_row {
	struct span line;
	uint32_t event;
	struct instant time;
};

/* The value of a field: text without its quotes, or the digits of a number;
 * SPAN_NONE: it has none. */
struct span history_field(const struct history_row *r, const char *name);

/* Everything of the last day is read once and kept for further calls; false: the
 * log cannot be read. */
bool history_read(const struct inspection *i);

/* Forget it; for tests. */
void history_forget(void);
