#include "lib/base/must.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/test.h"

/* How a child ends that is told `holds`: a signal, or 0 when it lives on. */
static int
end_of(bool holds)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		/* cmocka would turn the signal into a failed test */
		sigaction(SIGILL, &(struct sigaction){ 0 }, NULL);
		sigaction(SIGTRAP, &(struct sigaction){ 0 }, NULL);
		MUST(holds);
		_exit(0);
	}
	CHECK(child > 0);
	CHECK(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(a_broken_assumption_stops_the_process)
{
	int end;

	CHECK_NUMBER(end_of(true), 0);
	end = end_of(false);
	CHECK(end == SIGILL || end == SIGTRAP);
}
