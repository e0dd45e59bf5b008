/* headroom.c -- how near the site came to its limits (NC-2.1.8): once a week, so
 * that somebody enlarges it before mail has to wait. */
#include "proc/meter/meter.h"
#include "sys/log.h"

#define DAY_MS	INT64_C(86400000)
#define WEEK_MS (7 * DAY_MS)
#define FULL	256 /* of a peak */

static void
tell(const struct headroom *h, const struct rates *rates, int64_t days)
{
	for (enum limit_number n = 0; n < LIMITS; n++) {
		const struct limit_row *row = limit_row(n);

		if (row->dim != DIM_SITE)
			continue;
		LOG(EV_HEADROOM, 0, log_text(span_of(row->name)),
			log_number(rates->at[DIM_SITE][row->unit].most),
			log_number(h->peaks[row->unit] * 100 / FULL),
			log_number((uint64_t)days));
	}
}

void
headroom_report(struct headroom *h, const struct rates *rates, int64_t now_ms)
{
	int64_t passed = now_ms - h->since_ms;

	if (passed >= 0 && passed < WEEK_MS)
		return;
	if (h->since_ms > 0 && passed > 0)
		tell(h, rates, passed / DAY_MS);
	*h = (struct headroom){ .since_ms = now_ms };
}
