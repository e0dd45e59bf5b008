#include "lib/base/number.h"
#include "lib/base/test.h"
#include "standard/standard.h"

#define G MARK_GOOD
#define B MARK_BAD
#define R MARK_REMARK
#define M MARK_MISSING
#define A MARK_ABSENT

static const struct {
	const char *what;
	enum mark s, b, c;
	enum duty duty;
	enum state want;
} combinations[] = {
	{ "all three", G, G, G, SHALL, STATE_PASS },
	{ "no static", M, G, G, SHALL, STATE_UNKNOWN },
	{ "no black box", G, M, G, SHALL, STATE_UNKNOWN },
	{ "no continuous", G, G, M, SHALL, STATE_UNKNOWN },
	{ "nothing", M, M, M, SHALL, STATE_UNKNOWN },
	{ "a violation decides", G, B, M, SHALL, STATE_FAIL },
	{ "even against an absence", A, B, A, SHALL, STATE_FAIL },
	{ "a remark", G, R, G, SHALL, STATE_WARN },
	{ "a remark is no proof of the rest", G, R, M, SHALL, STATE_UNKNOWN },
	{ "not here", A, A, A, SHALL, STATE_ABSENT },
	{ "half not here", A, M, A, SHALL, STATE_UNKNOWN },
	{ "a note demands nothing", M, M, M, NOTE, STATE_ABSENT },
	{ "a wish is judged alike", M, G, G, SHOULD, STATE_UNKNOWN },
};

TEST(a_clause_is_proven_by_all_its_letters)
{
	EACH_CASE(k, combinations) {
		const struct clause clause = { .duty = k->duty };
		const struct proof proofs[LETTERS] = { { .mark = k->s },
			{ .mark = k->b }, { .mark = k->c } };

		CHECK_NUMBER(clause_combine(&clause, proofs, (struct instant){ 0 }),
			k->want);
	}
}

TEST(evidence_grows_old)
{
	const struct clause clause = { .duty = SHALL, .max_age_us = HOURS(24) };
	struct proof proofs[LETTERS] = { { .mark = G, .made = { HOURS(1) } },
		{ .mark = G, .made = { HOURS(30) } },
		{ .mark = G, .made = { HOURS(30) } } };

	CHECK_NUMBER(clause_combine(&clause, proofs,
			     (struct instant){ HOURS(25) }),
		STATE_PASS);
	CHECK_NUMBER(clause_combine(&clause, proofs,
			     (struct instant){ HOURS(25) + 1 }),
		STATE_STALE);
	proofs[BLACKBOX].mark = B;
	CHECK_NUMBER(clause_combine(&clause, proofs,
			     (struct instant){ HOURS(25) + 1 }),
		STATE_FAIL);
}

static const struct {
	const char *what;
	enum state shall, should;
	bool strict;
	int want;
} verdicts[] = {
	{ "all well", STATE_PASS, STATE_PASS, true, 0 },
	{ "a violation", STATE_FAIL, STATE_PASS, false, 2 },
	{ "once proven", STATE_STALE, STATE_PASS, false, 3 },
	{ "not proven", STATE_UNKNOWN, STATE_PASS, false, 3 },
	{ "a remark", STATE_WARN, STATE_PASS, false, 0 },
	{ "a remark, strictly", STATE_WARN, STATE_PASS, true, 4 },
	{ "a wish", STATE_PASS, STATE_UNKNOWN, false, 0 },
	{ "a wish, strictly", STATE_PASS, STATE_UNKNOWN, true, 4 },
	{ "violation before doubt", STATE_FAIL, STATE_UNKNOWN, true, 2 },
	{ "not here", STATE_ABSENT, STATE_ABSENT, true, 0 },
};

TEST(the_exit_code_is_that_of_the_worst)
{
	static const struct clause shall = { .duty = SHALL };
	static const struct clause should = { .duty = SHOULD };

	EACH_CASE(k, verdicts) {
		static struct clause_result results[2];

		results[0] = (struct clause_result){ .clause = &shall,
			.state = k->shall };
		results[1] = (struct clause_result){ .clause = &should,
			.state = k->should };
		CHECK_NUMBER(standard_exit(results, 2, k->strict), k->want);
	}
}

TEST(every_clause_of_the_standard_has_a_row)
{
	static const char *const ids[] = { "NC-SCOPE", "NC-1.0", "NC-2.0",
		"NC-2.0.fn2", "NC-2.1.1", "NC-2.1.2", "NC-2.1.3", "NC-2.1.4",
		"NC-2.1.5", "NC-2.1.6", "NC-2.1.7", "NC-2.1.8", "NC-2.1.9.a",
		"NC-2.1.9.b", "NC-2.1.9.c", "NC-2.1.9.d", "NC-2.1.9.e",
		"NC-2.2.a", "NC-2.2.b", "NC-2.2.c", "NC-2.2.d", "NC-2.3.1",
		"NC-2.3.2", "NC-2.3.3", "NC-2.3.4", "NC-2.4.1", "NC-2.4.2",
		"NC-2.4.3", "NC-2.4.4", "NC-2.5", "NC-G1", "NC-fn1", "NC-fn3",
		"NC-fn4" };

	CHECK_NUMBER(clauses_count(), COUNT_OF(ids));
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		const struct clause *c = clause_find(span_of(ids[i]));

		test_row = ids[i];
		CHECK(c == clause_row(i));
		CHECK(strlen(c->title) <= 32 && strlen(c->reading) > 20);
		CHECK(c->max_age_us > 0);
	}
}
