/* test.h -- unit tests: tables with a sentence per row, run by cmocka.
 *
 *	TEST(line_next_cuts_lines)
 *	{
 *		EACH_CASE(c, cases)
 *			CHECK_SPAN(shorten(c->in), c->out);
 *	}
 *
 * A failing check names the row by its member `what`.  Checks are functions:
 * the macros only add the place.  Only x_test.c files include this.
 */
#pragma once

#include <stdio.h>

#include "lib/base/fault.h"
#include "lib/base/span.h"

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *t);

/* The sentence of the row under test; printed when a check fails. */
extern const char *test_row;

#define TEST(name_)                                                   \
	static void test_##name_(void);                               \
	__attribute__((constructor)) static void register_##name_(void) \
	{                                                             \
		static struct test row_ = { #name_, test_##name_, NULL }; \
		test_register(&row_);                                 \
	}                                                             \
	static void test_##name_(void)

#define EACH_CASE(c, table)                                             \
	for (__typeof__(&(table)[0]) c = (table);                       \
		c < (table) + sizeof(table) / sizeof(table)[0] &&       \
		(test_row = c->what, 1);                                \
		c++)

#define CHECK(condition) \
	test_check((condition), #condition, __FILE__, __LINE__)
#define CHECK_SPAN(got, want_text) \
	test_span((got), (want_text), __FILE__, __LINE__)
#define CHECK_SPANS(got, want) test_spans((got), (want), __FILE__, __LINE__)
#define CHECK_NUMBER(got, want)                              \
	test_number((int64_t)(got), (int64_t)(want), __FILE__, \
		__LINE__)
#define CHECK_FAULT(got, want) test_fault((got), (want), __FILE__, __LINE__)
#define CHECK_OK(got)          test_fault((got), OK, __FILE__, __LINE__)

/* Skip the running test, visibly, because `why`. */
void test_skip(const char *why);

void test_check(int holds, const char *condition, const char *file, int line);
/* want_text NULL means SPAN_NONE */
void test_span(struct span got, const char *want_text, const char *file,
	int line);
void test_spans(struct span got, struct span want, const char *file, int line);
void test_number(int64_t got, int64_t want, const char *file, int line);
void test_fault(const struct fault *got, const struct fault *want,
	const char *file, int line);
