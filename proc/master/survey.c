#include "proc/master/survey.h"

#include <unistd.h>

#include "proc/master/process.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/sentinel.h"
#include "sys/sockets.h"

#define EVERY HOURS(1)

static uint32_t
judge_sockets(const struct site *s, const struct sockets_scan *scan)
{
	uint32_t unpermitted = 0;

	for (uint32_t i = 0; i < scan->count; i++) {
		uint8_t room[100];
		struct buf text = BUF(room);

		if (socket_judge(&scan->at[i], s, clock_instant()) !=
				SOCKET_UNPERMITTED ||
			!put_socket(&text, &scan->at[i]))
			continue;
		LOG(EV_SOCKET_UNPERMITTED, 0, log_text(buf_view(&text)));
		unpermitted++;
	}
	return unpermitted;
}

static void
tell_defaults(const struct sentinel *s)
{
	for (uint32_t i = 0; i < s->found && i < SENTINEL_FINDINGS; i++)
		LOG(EV_ACCOUNT_DEFAULT, 0, log_text(span_of(s->at[i].name)),
			log_text(span_of(s->at[i].why)));
}

static void
look(const struct site *s)
{
	static struct sockets_scan scan;
	static struct sentinel sentinel;

	/* What could not be looked at leaves no event, and so no evidence. */
	if (sockets_scan(getpid(), &scan) || sentinel_look("", &sentinel))
		return;
	if (site_owns_host(s))
		tell_defaults(&sentinel);
	LOG(EV_HOST_SURVEYED, 0,
		log_text(site_owns_host(s) ? SPAN("host") : SPAN("site")),
		log_number(scan.count), log_number(judge_sockets(s, &scan)),
		log_number(scan.namespaces), log_number(sentinel.accounts),
		log_number(sentinel.groups), log_number(sentinel.found),
		log_number(scan.unseen));
}

void
survey_host(void *master)
{
	struct master *m = master;

	if (m->stopping)
		return;
	look(&m->site);
	timer_set(m->survey_timer, EVERY);
}
