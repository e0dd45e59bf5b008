/* posthold run, posthold reload, posthold status */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/child.h"
#include "ctl/command.h"
#include "ctl/control.h"
#include "lib/base/number.h"
#include "sys/clock.h"
#include "sys/fd.h"

static struct site site;

int
run_site(struct call *c)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where) };
	int code = options_take(c, options, COUNT_OF(options));
	const char *master = child_program("master");
	char *path;

	if (code < 0)
		code = where_load(&where, false, &site);
	if (code >= 0)
		return code;
	path = realpath(where_path(&where), NULL);
	if (!master || !path)
		return complain(EX_UNAVAILABLE, "master",
			"its program is not beside this one; install again");
	execl(master, "master", path, (char *)NULL);
	return complain(EX_OSERR, master, strerror(errno));
}

/* Ask master one question; rows go to `row` until the answer is complete. */
static const struct fault *
ask(uint32_t type, void (*row)(const struct process_row *r))
{
	OWNED(fd_close) int fd = -1;
	struct plain question = { .head = { .type = type } };
	union control_answer a;

	TRY(control_open(&site, MASTER, &fd));
	TRY(control_send(fd, &question, -1));
	do {
		TRY(control_receive(fd, MASTER, &a));
		if (a.head.type == PROCESS_ROW)
			row(&a.process);
	} while (a.head.type != CTL_DONE);
	return a.done.fault ? fault_row(a.done.fault) : OK;
}

static int
ask_master(struct call *c, uint32_t type,
	void (*row)(const struct process_row *r), const char *remedy)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where) };
	int code = options_take(c, options, COUNT_OF(options));
	const struct fault *f;

	if (code < 0)
		code = where_load(&where, type == MASTER_RELOAD, &site);
	if (code >= 0)
		return code;
	f = ask(type, row);
	if (f == &fault_ipc_closed)
		return complain(EX_UNAVAILABLE, "the site does not run",
			"start it with `posthold run`");
	return f ? complain_fault(f, "master", remedy) : EX_OK;
}

static void
print_process(const struct process_row *r)
{
	int64_t seconds =
		(clock_instant().us - r->started_us) / SECONDS(1);

	printf("%-11s %8u  %-8s %5u restarts  up %lld s\n",
		role_name((enum role)r->role), r->pid,
		r->pid == 0 ? "down" : r->ready ? "ready" : "starting",
		r->restarts, (long long)seconds);
}

int
site_status(struct call *c)
{
	return ask_master(c, MASTER_STATUS, print_process, "are you root?");
}

int
site_reload(struct call *c)
{
	return ask_master(c, MASTER_RELOAD, print_process,
		"nothing was changed; `posthold log grep --event "
		"SETTINGS_REFUSED` says why");
}
