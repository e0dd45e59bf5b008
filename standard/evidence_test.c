#include "standard/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/base/test.h"

static char directory[40], path[100];
static struct clause_result results[2];

static void
begin(void)
{
	snprintf(directory, sizeof directory, "/tmp/evidence_test.XXXXXX");
	CHECK(mkdtemp(directory) != NULL);
	snprintf(path, sizeof path, "%s/evidence", directory);
}

static void
end(void)
{
	unlink(path);
	CHECK(rmdir(directory) == 0);
}

/* Nothing is made yet. */
static void
forget(void)
{
	memset(results, 0, sizeof results);
	results[0].clause = clause_find(SPAN("NC-2.1.5"));
	results[1].clause = clause_find(SPAN("NC-2.1.6"));
}

static void
make(struct proof *p, enum mark mark, int64_t at)
{
	*p = (struct proof){ .mark = mark, .made = { at } };
	snprintf(p->looked, sizeof p->looked, "mx");
	snprintf(p->found, sizeof p->found, "250 a\r\n\tb");
	snprintf(p->remedy, sizeof p->remedy, "none");
}

TEST(what_was_proven_is_there_the_next_time_with_its_age)
{
	begin();
	forget();
	make(&results[0].proofs[BLACKBOX], MARK_GOOD, DAYS(20000));
	make(&results[1].proofs[STATIC], MARK_BAD, DAYS(20000));
	CHECK_OK(evidence_keep(directory, results, 2));
	forget();
	evidence_fill(directory, results, 2);
	CHECK_NUMBER(results[0].proofs[BLACKBOX].mark, MARK_GOOD);
	CHECK_NUMBER(results[0].proofs[BLACKBOX].made.us, DAYS(20000));
	CHECK_SPAN(span_of(results[0].proofs[BLACKBOX].found), "250 a   b");
	CHECK_NUMBER(results[0].proofs[STATIC].mark, MARK_MISSING);
	CHECK_NUMBER(results[1].proofs[STATIC].mark, MARK_BAD);
	CHECK_SPAN(span_of(results[1].proofs[STATIC].remedy), "none");
	end();
}

TEST(what_is_made_now_replaces_it_and_the_rest_stays)
{
	begin();
	forget();
	make(&results[0].proofs[BLACKBOX], MARK_BAD, DAYS(20000));
	make(&results[1].proofs[BLACKBOX], MARK_GOOD, DAYS(20000));
	CHECK_OK(evidence_keep(directory, results, 2));
	forget();
	make(&results[0].proofs[BLACKBOX], MARK_GOOD, DAYS(20001));
	evidence_fill(directory, results, 1);
	CHECK_NUMBER(results[0].proofs[BLACKBOX].mark, MARK_GOOD);
	CHECK_OK(evidence_keep(directory, results, 1));
	forget();
	evidence_fill(directory, results, 2);
	CHECK_NUMBER(results[0].proofs[BLACKBOX].made.us, DAYS(20001));
	CHECK_NUMBER(results[1].proofs[BLACKBOX].made.us, DAYS(20000));
	end();
}

static const struct {
	const char *what, *line;
} lines[] = {
	{ "no such clause", "NC-9\tblackbox\tPASS\t2026-11-24T08:30:00Z\ta\tb\t" },
	{ "no such letter", "NC-2.1.5\tgrey\tPASS\t2026-11-24T08:30:00Z\ta\tb\t" },
	{ "no such state", "NC-2.1.5\tblackbox\tGOOD\t2026-11-24T08:30:00Z\ta\tb" },
	{ "no time", "NC-2.1.5\tblackbox\tPASS\tyesterday\ta\tb\t" },
	{ "too few fields", "NC-2.1.5\tblackbox\tPASS" },
	{ "nothing", "" },
};

TEST(a_line_that_is_none_proves_nothing)
{
	EACH_CASE(k, lines) {
		FILE *f;

		begin();
		f = fopen(path, "we");
		CHECK(f && fprintf(f, "%s\n", k->line) > 0 && fclose(f) == 0);
		CHECK(chmod(path, 0600) == 0);
		forget();
		evidence_fill(directory, results, 2);
		CHECK_NUMBER(results[0].proofs[BLACKBOX].mark, MARK_MISSING);
		end();
	}
}

TEST(what_others_can_write_proves_nothing)
{
	begin();
	forget();
	make(&results[0].proofs[BLACKBOX], MARK_GOOD, DAYS(20000));
	CHECK_OK(evidence_keep(directory, results, 2));
	CHECK(chmod(path, 0620) == 0);
	forget();
	evidence_fill(directory, results, 2);
	CHECK_NUMBER(results[0].proofs[BLACKBOX].mark, MARK_MISSING);
	end();
}

TEST(evidence_of_a_letter_that_nobody_makes_any_more_is_none)
{
	static struct clause_result old = { 0 };

	begin();
	old.clause = clause_find(SPAN("NC-2.3.1"));
	make(&old.proofs[BLACKBOX], MARK_GOOD, DAYS(20000));
	CHECK_OK(evidence_keep(directory, &old, 1));
	old.proofs[BLACKBOX].mark = MARK_MISSING;
	evidence_fill(directory, &old, 1);
	CHECK_NUMBER(old.proofs[BLACKBOX].mark, MARK_MISSING);
	end();
}
