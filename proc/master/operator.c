#include "proc/master/operator.h"

#include <sys/socket.h>

#include "proc/master/settings.h"
#include "sys/log.h"

static void
answer(struct channel *c, const struct head *question, uint64_t count,
	const struct fault *f)
{
	struct ctl_done d = { .head = { .type = CTL_DONE,
				      .serial = question->serial },
		.count = count,
		.fault = fault_number(f) };

	if (channel_send(c, &d, -1))
		channel_close(&c);
}

/* A role by itself, or a session that runs. */
static bool
is_shown(const struct process *p)
{
	return p->role != NOBODY && (p->role != IMAP || p->pid);
}

static void
take_status(void *owner, struct channel *c, const void *message, int fd)
{
	struct master *m = owner;
	const struct head *question = message;
	uint64_t count = 0;

	(void)fd;
	for (size_t i = 0; i < PROCESSES; i++) {
		const struct process *p = &m->processes[i];
		struct process_row row = { .head = { .type = PROCESS_ROW,
						   .serial = question->serial },
			.role = p->role,
			.instance = p->instance,
			.pid = (uint32_t)p->pid,
			.restarts = p->restarts,
			.started_us = p->started.us,
			.ready = p->ready };

		if (is_shown(p) && !channel_send(c, &row, -1))
			count++;
	}
	answer(c, question, count, OK);
}

static void
take_reload(void *owner, struct channel *c, const void *message, int fd)
{
	const struct fault *f = settings_reload(owner);

	(void)fd;
	answer(c, message, !f, f);
}

static const struct handlers from_operator = {
	.on = { [MASTER_STATUS] = take_status, [MASTER_RELOAD] = take_reload },
};

static void
accept_operator(void *arg, unsigned what)
{
	struct master *m = arg;
	struct channel *c;
	int fd = accept4(m->controls[MASTER], NULL, NULL,
		SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (fd >= 0 && channel_open(m->loop, fd, MASTER, CTL, 0, &from_operator,
			       m, &c))
		return; /* whoever asks sees that nobody answers */
}

FALLIBLE
operator_open(struct master *m)
{
	struct watch *w;

	return watch_open(m->loop, m->controls[MASTER], LOOP_READ,
		accept_operator, m, &w);
}
