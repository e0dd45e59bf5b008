/* meter -- what sources and accounts have used up, and whether there is more.
 */
#include <stdlib.h>

#include "proc/meter/meter.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/log.h"

static void
take_ask(void *owner, struct channel *c, const void *message, int fd)
{
	(void)fd;
	ask_answer(owner, c, message);
}

static void
take_note(void *owner, struct channel *c, const void *message, int fd)
{
	(void)fd;
	ask_note(owner, c, message);
}

static void
take_order(void *owner, struct channel *c, const void *message, int fd)
{
	(void)fd;
	order_obey(owner, c, message);
}

static const struct handlers handlers = {
	.on = {
		[LIMIT_ASK] = take_ask,
		[LIMIT_NOTE] = take_note,
		[LIMIT_ORDER] = take_order,
	},
};

static void
take_site(void *owner)
{
	struct meter_process *p = owner;

	limits_set(&p->limits, site_of(p->role)->rates);
}

static void
look_at_week(void *arg)
{
	struct meter_process *p = arg;

	headroom_report(p->headroom, &p->limits.rates,
		clock_instant().us / 1000);
	timer_set(p->report, HOURS(1));
}

static void
prepare(void *owner, struct role_process *r)
{
	struct meter_process *p = owner;

	p->role = r;
	p->directory = -1;
	if (crypto_start() ||
		timer_open(role_loop(r), look_at_week, p, &p->report))
		exit(EXIT_FAULT);
	take_site(p);
}

static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	struct meter_process *p = owner;

	(void)number;
	if (purpose == FILE_DIRECTORY && p->directory < 0)
		p->directory = fd;
	else
		fd_close(&fd);
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.file = take_file,
	.site = take_site,
};

int
main(void)
{
	static struct meter_process process;
	struct meter_process *p = &process;
	struct role_process *r = role_start(METER, &handlers, &hooks, p);
	const struct fault *f;

	if (p->directory < 0)
		return EXIT_SITE;
	role_sandbox(r);
	f = kept_open(p->directory, &p->limits, &p->headroom,
		clock_instant().us / 1000);
	if (f) {
		LOG(EV_STORE_REFUSED, 0, log_text(span_of(f->name)));
		return EXIT_SITE;
	}
	look_at_week(p);
	return role_run(r);
}
