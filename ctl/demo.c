/* posthold demo */
#include "ctl/demo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/child.h"
#include "ctl/command.h"
#include "ctl/control.h"
#include "lib/base/number.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/mac.h"

#define PATIENCE 60 /* seconds for the whole site to answer */
#define STOP     60 /* seconds for it to stop in order      */

void
demo_path(const struct demo *d, const char *name, char out[256])
{
	snprintf(out, 256, "%s/%s", d->directory, name);
}

/* --- waiting --------------------------------------------------------------- */

/* Did one of `signals` arrive, at most `ms` milliseconds from now? */
static int
wait_signal(const sigset_t *signals, long ms)
{
	const struct timespec most = { ms / 1000, ms % 1000 * 1000000 };

	return sigtimedwait(signals, NULL, &most);
}

static bool
answers(const struct site_permit *p)
{
	OWNED(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(p->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { 2, 0 };
	char greeting[4];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
		return false;
	return p->service == SERVICE_SUBMISSIONS ||
		p->service == SERVICE_IMAPS ||
		(recv(fd, greeting, sizeof greeting, MSG_WAITALL) == 4 &&
			memcmp(greeting, "220 ", 4) == 0);
}

static bool
all_ready(const struct demo *d)
{
	OWNED(fd_close) int fd = -1;
	struct plain question = { .head = { .type = MASTER_STATUS } };
	union control_answer a;

	if (control_open(&d->site, MASTER, &fd) ||
		control_send(fd, &question, -1))
		return false;
	for (;;) {
		if (control_receive(fd, MASTER, &a))
			return false;
		if (a.head.type == CTL_DONE)
			break;
		if (!a.process.ready)
			return false;
	}
	for (uint32_t i = 0; i < d->site.permits_count; i++)
		if (!answers(&d->site.permits[i]))
			return false;
	return true;
}

static bool
master_lives(struct demo *d)
{
	int status;

	if (waitpid(d->master, &status, WNOHANG) != d->master)
		return true;
	d->master = -1;
	return false;
}

/* True when all is ready; false when it ended or was told to. */
static bool
wait_ready(struct demo *d, const sigset_t *signals)
{
	for (int i = 0; i < PATIENCE * 20; i++) {
		int got = wait_signal(signals, 50);

		if (got == SIGINT || got == SIGTERM || !master_lives(d))
			return false;
		if (all_ready(d))
			return true;
	}
	complain(EX_UNAVAILABLE, "the site did not become ready in time",
		"see the messages above and DIR/log");
	return false;
}

/* Until we are told to stop, or the site ends by itself. */
static void
serve(struct demo *d, const sigset_t *signals)
{
	for (;;) {
		int got = wait_signal(signals, 10000);

		if (got == SIGINT || got == SIGTERM || !master_lives(d))
			return;
	}
}

/* --- one life -------------------------------------------------------------- */

static bool
start_master(struct demo *d)
{
	const char *program = child_program("master");
	char settings[256];
	const char *words[] = { program, settings, NULL };

	if (!program) {
		complain(EX_UNAVAILABLE, "master",
			"its program is not beside this one; run make");
		return false;
	}
	demo_path(d, "posthold.conf", settings);
	d->master = child_start(words, NULL);
	return d->master > 0;
}

static int
live(struct demo *d, const sigset_t *signals)
{
	int code = EX_UNAVAILABLE;
	bool told;

	if (start_master(d) && wait_ready(d, signals) && demo_describe(d)) {
		puts("ready");
		fflush(stdout);
		serve(d, signals);
		code = EX_OK;
	}
	demo_forget(d);
	told = d->master > 0;
	if (child_stop(&d->master, STOP) != 0 || !told)
		code = complain(EX_UNAVAILABLE,
			"the site ended by itself or not in order",
			"see the messages above and DIR/log");
	return code;
}

static void
say_weakness(const struct demo *d)
{
	if (geteuid() != 0)
		complain(0, "not root",
			"the processes run under one account, without own "
			"roots and networks");
	if (!d->smarthost)
		complain(0, "no --smarthost",
			"mail for other domains stays in the queue");
}

static bool
place(struct demo *d, const char *directory)
{
	char *path;

	if (mkdir(directory, 0755) != 0 && errno != EEXIST) {
		complain(EX_CANTCREAT, directory, strerror(errno));
		return false;
	}
	path = realpath(directory, NULL);
	if (!path || strlen(path) > 80) {
		complain(EX_USAGE, directory,
			"its absolute path has more than 80 characters");
		free(path);
		return false;
	}
	snprintf(d->directory, sizeof d->directory, "%s", path);
	free(path);
	return true;
}

static int
run(struct demo *d)
{
	sigset_t signals;
	int code = EX_CANTCREAT;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	say_weakness(d);
	demo_mount(d);
	if (demo_make(d) && demo_engine_start(d))
		code = live(d, &signals);
	child_stop(&d->engine, 10);
	demo_unmount(d);
	return code;
}

int
demo_site(struct call *c)
{
	static struct demo demo = { .engine = -1, .master = -1,
		.users = { { .name = "alice" }, { .name = "bob" } } };
	const char *base = "2500";
	bool plain = false;
	const struct option options[] = {
		{ "--port-base", "N", &base, NULL,
			"mx is N+25, submissions N+465 ... (2500)" },
		{ "--smarthost", "HOST:PORT", &demo.smarthost, NULL,
			"where outgoing mail goes" },
		{ "--clamd", "SOCKET", &demo.clamd, NULL,
			"a virus engine that runs already" },
		{ "--strict", NULL, NULL, &demo.strict,
			"limits as on a new site, not for benchmarks" },
		{ "--no-volume", NULL, NULL, &plain,
			"mailboxes in a plain directory" },
	};
	int code = options_take(c, options, COUNT_OF(options));
	uint64_t n;

	if (code >= 0)
		return code;
	if (number_parse(span_of(base), 0, 64000, &n))
		return complain(EX_USAGE, base, "give a number up to 64000");
	demo.port_base = (unsigned)n;
	demo.volume = !plain;
	if (!place(&demo, c->count > 0 ? c->words[0] : "demo"))
		return EX_CANTCREAT;
	if (crypto_start())
		return complain(EX_SOFTWARE, "OpenSSL does not start", NULL);
	mac_start();
	return run(&demo);
}
