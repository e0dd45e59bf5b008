/* child.h -- programs that this command starts, by path and words, never
 * through a shell.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Start words[0]; the child ends with SIGTERM when we end.  Its output goes to
 * `log` when that is no NULL.  Returns the process, -1 after a message. */
pid_t child_start(const char *const *words, const char *log);

/* Start and wait; true when it exits with 0.  Its output is thrown away unless
 * `loud`. */
bool child_run(const char *const *words, bool loud);

/* Ask to end, then after `seconds` insist; the exit code, 128 + signal, or 0
 * when *child is not positive.  Sets *child to -1. */
int child_stop(pid_t *child, int seconds);

/* The path of `name` of libexec, beside this program: in static memory, NULL
 * when it is not there. */
const char *child_program(const char *name);
