#include "ctl/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/command.h"

#define TICK 20000 /* microseconds between two looks */

/* In the child: never returns. */
static void
become(const char *const *words, const char *log)
{
	sigset_t none;

	if (log) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
			_exit(127);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execv(words[0], (char *const *)(uintptr_t)words);
	_exit(127);
}

pid_t
child_start(const char *const *words, const char *log)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0)
		become(words, log);
	if (child < 0)
		complain(EX_OSERR, words[0], strerror(errno));
	return child;
}

static int
code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 128 + WTERMSIG(status);
}

bool
child_run(const char *const *words, bool loud)
{
	pid_t child = child_start(words, loud ? NULL : "/dev/null");
	int status = 1;

	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	return child > 0 && code_of(status) == 0;
}

int
child_stop(pid_t *child, int seconds)
{
	int status = 0, looks = seconds * (1000000 / TICK);
	pid_t ended = 0;

	if (*child <= 0)
		return 0;
	kill(*child, SIGTERM);
	while (ended == 0 && looks-- > 0) {
		ended = waitpid(*child, &status, WNOHANG);
		if (ended == 0)
			usleep(TICK);
	}
	if (ended == 0) {
		kill(*child, SIGKILL);
		waitpid(*child, &status, 0);
	}
	*child = -1;
	return code_of(status);
}

/* build/posthold has build/libexec/, /usr/bin/posthold has
 * /usr/libexec/posthold/. */
const char *
child_program(const char *name)
{
	static const char *const places[] = { "libexec",
		"../libexec/posthold" };
	static char path[700];
	char here[512];
	ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	here[n] = 0;
	slash = strrchr(here, '/');
	if (!slash)
		return NULL;
	*slash = 0;
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s/%s", here, places[i], name);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}
