/* NC-2.1.8: limits that follow from what the machine does, and that hold. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "standard/checks.h"
#include "standard/talk.h"
#include "sys/performance.h"

#define YEAR (365 * INT64_C(86400))
#define MOST 400 /* connections that a look holds open */

/* The first limit above 70 % of what was measured; LIMITS: none. */
static enum limit_number
find_above(const struct site *s, const struct capacity *c)
{
	for (enum limit_number n = 0; n < LIMITS; n++)
		if (s->rates[n] > capacity_limit(c, n))
			return n;
	return LIMITS;
}

void
limits_derived(const struct inspection *i, struct proof *p)
{
	struct capacity c;
	const struct fault *f = performance_load(i->site->standard, &c);
	enum limit_number above;

	proof_looked(p, "%s and its signature, each limit against %d %% of it",
		i->site->standard, CAPACITY_PERCENT);
	if (f == &fault_capacity_missing) {
		proof_missing(p,
			"this machine was not measured; run `posthold "
			"calibrate`");
		return;
	}
	if (f) {
		proof_bad(p, "run `posthold calibrate` again",
			"the standard is not as it was signed: %s", f->name);
		return;
	}
	above = find_above(i->site, &c);
	if (above < LIMITS)
		proof_bad(p, "lower it, `posthold conf check` says how far",
			"the limit %s is above", limit_row(above)->name);
	else if (i->now.us / 1000000 - (int64_t)c.values[CAPACITY_TIME] > YEAR)
		proof_remark(p, "run `posthold calibrate` again",
			"measured more than a year ago");
	else
		proof_good(p,
			"%llu messages/s, p99 %llu us measured; no limit is "
			"above",
			(unsigned long long)c.values[CAPACITY_MESSAGES],
			(unsigned long long)c.values[CAPACITY_P99_US]);
}

/* As many connections of one source as it may have, and one more. */
static void
hold(const struct site_permit *mx, uint32_t allowed, struct proof *p)
{
	static struct talk held[MOST + 1];
	uint32_t greeted = 0;
	int last = 0;

	for (uint32_t n = 0; n <= allowed; n++) {
		held[n] = (struct talk){ .fd = -1 };
		last = talk_open_same(&held[n], mx) ? held[n].code : 0;
		if (last != 220)
			break;
		greeted++;
	}
	for (uint32_t n = 0; n < greeted; n++)
		talk_close(&held[n]);
	if (greeted < allowed + 1)
		talk_close(&held[greeted]);
	if (last == 220)
		proof_bad(p, "look at `limits sessions-per-source`",
			"connection %u of one address was greeted", greeted);
	else if (last == 421 && greeted > 0)
		proof_good(p, "%u greeted, the next read 421", greeted);
	else
		proof_missing(p, "%u greeted, then no refusal was read (%d)",
			greeted, last);
}

/* RAT-02.  "Not greeted" is no proof: the refusal must be read. */
void
flood_refused(const struct inspection *i, struct proof *p)
{
	const struct site_permit *mx = talk_permit(i->site, SERVICE_MX, i->now);
	uint32_t allowed = i->site->max_per_source;

	proof_looked(p, "%u connections of one address at once", allowed + 1);
	if (!mx)
		proof_missing(p, "there is no service mx");
	else if (allowed > MOST)
		proof_missing(p,
			"one address may hold more than is tried here "
			"(%d)",
			MOST);
	else
		hold(mx, allowed, p);
}
