/* must.h -- what cannot be false.  Stays on in release builds: a process whose
 * assumptions broke stops before it does harm, and its siblings live on. */
#pragma once

#define MUST(condition) \
	((condition) ? (void)0 : must_fail(#condition, __FILE__, __LINE__))

/* Write the broken assumption to standard error and abort. */
void must_fail(const char *condition, const char *file, int line)
	__attribute__((noreturn, cold));
