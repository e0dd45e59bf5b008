#include "lib/base/must.h"

#include <stdint.h>

/* A core of the arguments is all that lib/ may leave behind: it has neither
 * files nor a log.  `sys/crash.c` turns the trap into a row of the log. */
const char *must_failed_condition;
const char *must_failed_file;
int must_failed_line;

void
must_fail(const char *condition, const char *file, int line)
{
	must_failed_condition = condition;
	must_failed_file = file;
	must_failed_line = line;
	__builtin_trap();
}
