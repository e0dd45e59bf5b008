#include "proc/master/settings.h"

#include <stdio.h>

#include "proc/master/exposure.h"
#include "proc/master/give.h"
#include "proc/master/listeners.h"
#include "proc/master/survey.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/settings.h"

static void
print_errors(const char *path, const struct conf_errors *errors)
{
	for (uint32_t i = 0; i < errors->count; i++) {
		const struct conf_error *e = &errors->at[i];

		fprintf(stderr, "%s:%u: %s%s%s\n", path, e->line, e->key,
			e->key[0] ? ": " : "", e->text);
		if (e->weight == WEIGHT_ERROR)
			LOG(EV_SETTINGS_REFUSED, 0,
				log_text(span_of(e->text)));
	}
}

static FALLIBLE
load(const struct master *m, struct site *out)
{
	static struct conf_errors errors;
	const struct fault *f = settings_load(m->settings, clock_instant(), out,
		&errors);

	print_errors(m->settings, &errors);
	TRY(f);
	f = settings_check_addresses(out, clock_instant(), &errors);
	print_errors(out->addresses, &errors);
	TRY(f);
	return exposure_admits(out) ? OK : &fault_conf_refused;
}

FALLIBLE
settings_read(struct master *m)
{
	return load(m, &m->site);
}

/* All that new settings need and that may be refused. */
struct change {
	int sealed; /* the settings, for everybody to read */
	struct sockets sockets;
};

static FALLIBLE
prepare(const struct master *m, const struct site *fresh, struct change *out)
{
	OWNED(fd_close) int sealed = -1;

	TRY(fd_memory_of("site", span_at(fresh, sizeof *fresh), &sealed));
	TRY(listeners_prepare(m, fresh, clock_instant(), &out->sockets));
	out->sealed = fd_give(&sealed);
	return OK;
}

static void
use_sealed(struct master *m, int sealed)
{
	fd_close(&m->site_fd);
	m->site_fd = sealed;
	m->generation++;
}

FALLIBLE
settings_start(struct master *m)
{
	struct change c;

	TRY(prepare(m, &m->site, &c));
	use_sealed(m, c.sealed);
	process_start_all(m);
	LOG(EV_SETTINGS_LOADED, 0, log_number(m->generation));
	listeners_use(m, &c.sockets);
	settings_follow_permits(m);
	return OK;
}

FALLIBLE
settings_reload(struct master *m)
{
	static struct site fresh;
	struct change c;

	if (m->stopping)
		return &fault_session_stopping;
	TRY(load(m, &fresh));
	TRY(prepare(m, &fresh, &c));
	listeners_retire(m, &c.sockets);
	m->site = fresh;
	use_sealed(m, c.sealed);
	LOG(EV_SETTINGS_LOADED, 0, log_number(m->generation));
	give_settings_to_all(m);
	listeners_use(m, &c.sockets);
	settings_follow_permits(m);
	survey_host(m);
	return OK;
}

void
settings_follow_permits(void *master)
{
	struct master *m = master;
	struct instant now = clock_instant();
	int64_t wait = listeners_next_end(m, now).us - now.us;

	if (m->stopping)
		return;
	listeners_end_permits(m, now);
	/* Look once a minute at least: the wall clock may be set. */
	timer_set(m->permit_timer, wait < SECONDS(60) ? wait : SECONDS(60));
}
