/* master -- binds the permitted sockets, starts the processes, hands each what
 * trust/roles.c and trust/messages.def give it, starts the dead again.  It runs
 * as root and reads nothing that a stranger wrote.
 *
 *	master SETTINGS-FILE
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/master/listeners.h"
#include "proc/master/operator.h"
#include "proc/master/place.h"
#include "proc/master/settings.h"
#include "proc/master/survey.h"
#include "sys/crypto.h"
#include "sys/log.h"
#include "sys/role.h"

static struct master master;

static void
reload(void *arg)
{
	if (settings_reload(arg))
		return; /* the errors were printed and logged */
}

static void
stop(void *arg)
{
	struct master *m = arg;

	if (m->stopping)
		return;
	LOG(EV_SITE_STOPPED, 0, log_text(SPAN("signal")));
	process_stop_next(m);
}

/* A stage of the stop took too long: its processes are ended. */
static void
stop_late(void *arg)
{
	process_stop_late(arg);
}

static void
reap(void *arg)
{
	process_reap(arg);
}

static bool
open_loop(struct master *m)
{
	return !loop_open(&m->loop) &&
		!timer_open(m->loop, stop_late, m, &m->stop_timer) &&
		!timer_open(m->loop, settings_follow_permits, m,
			&m->permit_timer) &&
		!timer_open(m->loop, survey_host, m, &m->survey_timer) &&
		!loop_signal(m->loop, SIGCHLD, reap, m) &&
		!loop_signal(m->loop, SIGHUP, reload, m) &&
		!loop_signal(m->loop, SIGTERM, stop, m) &&
		!loop_signal(m->loop, SIGINT, stop, m);
}

/* The programs stand beside this one. */
static int
program_directory(void)
{
	char path[1024];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash;

	if (n <= 0)
		return -1;
	path[n] = 0;
	slash = strrchr(path, '/');
	if (!slash)
		return -1;
	*slash = 0;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Descriptors 0 to 2 are there, whoever started us (LO-D08): a socket must
 * never be somebody's standard output. */
static bool
hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 3);
	return fd >= 3 && close(fd) == 0;
}

int
main(int argc, char **argv)
{
	struct master *m = &master;

	if (!hold_standard_descriptors() || argc != 2) {
		fprintf(stderr, "usage: master SETTINGS-FILE\n");
		return 64;
	}
	*m = (struct master){ .settings = argv[1], .site_fd = -1, .netns = -1,
		.empty_root = -1, .libexec = program_directory(),
		.sockets = SOCKETS_NONE };
	memset(m->controls, -1, sizeof m->controls);
	umask(022);
	prctl(PR_SET_DUMPABLE, 0);
	if (m->libexec < 0 || crypto_start() || !open_loop(m))
		return EXIT_FAULT;
	for (uint32_t kind = 1; kind < SECRETS; kind++)
		random_octets(m->secrets[kind], TOKEN_MAC);
	if (settings_read(m) || !place_prepare(m) ||
		listeners_bind_controls(m) ||
		(BUILD_LOCAL && listeners_bind_local(m)) || operator_open(m) ||
		settings_start(m))
		return EXIT_SITE;
	LOG(EV_SITE_STARTED, 0, log_text(SITE_TEXT(m->site.host)),
		log_number(m->generation));
	survey_host(m);
	return loop_run(m->loop);
}
