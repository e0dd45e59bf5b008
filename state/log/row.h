/* row.h -- an event as one line of JSON.
 *
 *	{"time":"2026-11-24T08:30:00.000000Z","id":208,"event":"...",
 *	 "severity":"nobody","clauses":["AU-12"],"role":"mx","pid":71,
 *	 "session":"0b00...", "sender":"...", "size":1024}
 *
 * The names of the fields come from trust/events.def; every octet that a peer
 * had a say in goes through lib/base/escape.h, so one event is one line
 * (security rule O1).
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/base/time.h"
#include "trust/messages.h"

#define ROW_LINE_MAX 8192 /* octets of a line, LF included */

/* Append the line of `row`, LF included, as written by a process of `role` at
 * `when`: who comes from the channel, not from the row.
 *
 * ipc_malformed  the event does not exist or the values do not fit its fields;
 *                nothing was appended */
FALLIBLE put_row(struct buf *line, const struct log_row *row, const char *role,
	struct instant when);
