/* The main() of every unit test program: hands the registered tests to
 * cmocka and prints what failed. */
#include "lib/base/test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TESTS_MAX 256

static struct test *first, **last = &first;
const char *test_row;

void
test_register(struct test *t)
{
	*last = t;
	last = &t->next;
}

static void
run_one(void **state)
{
	const struct test *t = *state;

	test_row = NULL;
	t->run();
}

int
main(void)
{
	static struct CMUnitTest tests[TESTS_MAX];
	size_t n = 0;

	for (struct test *t = first; t && n < TESTS_MAX; t = t->next)
		tests[n++] = (struct CMUnitTest){ t->name, run_one, NULL, NULL,
			t };
	return _cmocka_run_group_tests("unit", tests, n, NULL, NULL) != 0;
}

void
test_skip(const char *why)
{
	print_message("skipped: %s\n", why);
	skip();
}

static void
fail_here(const char *file, int line, const char *what)
{
	if (test_row)
		print_error("row: %s\n", test_row);
	print_error("%s\n", what);
	_fail(file, line);
}

void
test_check(int holds, const char *condition, const char *file, int line)
{
	if (!holds)
		fail_here(file, line, condition);
}

void
test_spans(struct span got, struct span want, const char *file, int line)
{
	char text[2048];

	if (span_is_set(got) == span_is_set(want) && span_equals(got, want))
		return;
	snprintf(text, sizeof text, "got  \"%.*s\"%s\nwant \"%.*s\"%s",
		(int)got.len, got.at ? (const char *)got.at : "",
		got.at ? "" : " (none)", (int)want.len,
		want.at ? (const char *)want.at : "",
		want.at ? "" : " (none)");
	fail_here(file, line, text);
}

void
test_span(struct span got, const char *want_text, const char *file, int line)
{
	test_spans(got, want_text ? span_of(want_text) : SPAN_NONE, file, line);
}

void
test_number(int64_t got, int64_t want, const char *file, int line)
{
	char text[96];

	if (got == want)
		return;
	snprintf(text, sizeof text, "got %lld, want %lld", (long long)got,
		(long long)want);
	fail_here(file, line, text);
}

void
test_fault(const struct fault *got, const struct fault *want, const char *file,
	int line)
{
	char text[160];

	if (got == want)
		return;
	snprintf(text, sizeof text, "got fault %s, want %s",
		got ? got->name : "OK", want ? want->name : "OK");
	fail_here(file, line, text);
}
