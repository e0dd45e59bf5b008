/* meter.h -- the one process that owns the counters of the limits (NC-2.1.8).
 *
 * mx and submission ask it before they let something happen, so that there is
 * one count however many processes serve.  The counters are a file that is
 * mapped into memory: they outlive this process and the machine's restart.
 */
#pragma once

#include "lib/policy/limits.h"
#include "sys/role.h"

/* How near the site came to its limits, for the report of the week. */
struct headroom {
	int64_t since_ms; /* 0: not begun */
	uint32_t peaks[LIMIT_UNITS];
};

struct meter_process {
	struct role_process *role;
	int directory;
	struct limits limits;
	struct headroom *headroom;
	struct timer *report;
};

/* kept.c: find the counters of before, or begin anew (METER_FRESH). */
FALLIBLE kept_open(int directory, struct limits *l, struct headroom **headroom,
	int64_t now_ms);

/* headroom.c: tell it when the week is over, and begin the next. */
void headroom_report(struct headroom *h, const struct rates *rates,
	int64_t now_ms);

/* ask.c */
void ask_answer(
	struct meter_process *p, struct channel *c, const struct limit_ask *m);
void ask_note(struct meter_process *p, const struct channel *c,
	const struct limit_ask *m);

/* order.c: the operator's. */
void order_obey(struct meter_process *p, struct channel *c,
	const struct limit_order *m);
