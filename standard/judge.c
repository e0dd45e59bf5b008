#include "standard/standard.h"

#include <unistd.h>

#define LOG_DELAY 500000 /* microseconds until the log has it */

static bool
is_stale(const struct clause *c, const struct proof *p, struct instant now)
{
	return p->mark != MARK_MISSING && now.us - p->made.us > c->max_age_us;
}

enum state
clause_combine(const struct clause *c, const struct proof proofs[LETTERS],
	struct instant now)
{
	size_t n[MARK_ABSENT + 1] = { 0 }, stale = 0;

	for (enum letter l = 0; l < LETTERS; l++) {
		n[proofs[l].mark]++;
		stale += is_stale(c, &proofs[l], now);
	}
	if (n[MARK_BAD] > 0)
		return STATE_FAIL;
	if (c->duty == NOTE || n[MARK_ABSENT] == LETTERS)
		return STATE_ABSENT;
	if (n[MARK_MISSING] > 0)
		return STATE_UNKNOWN;
	if (stale > 0)
		return STATE_STALE;
	return n[MARK_REMARK] > 0 ? STATE_WARN : STATE_PASS;
}

static void
try_letter(struct clause_result *r, enum letter l, const struct inspection *i)
{
	struct inspection one = *i;

	one.clause = r->clause;
	r->proofs[l] = (struct proof){ .made = i->now };
	if (r->clause->checks[l])
		r->clause->checks[l](&one, &r->proofs[l]);
}

void
clauses_try(struct clause_result *results, size_t count,
	const struct inspection *i)
{
	for (enum letter l = 0; l < LETTERS; l++) {
		if (l == CONTINUOUS)
			usleep(LOG_DELAY);
		for (size_t n = 0; n < count; n++)
			try_letter(&results[n], l, i);
	}
}

const char *
state_word(enum state s)
{
	static const char *const words[] = { [STATE_PASS] = "PASS",
		[STATE_WARN] = "WARN", [STATE_ABSENT] = "N/A",
		[STATE_UNKNOWN] = "UNKNOWN", [STATE_STALE] = "STALE",
		[STATE_FAIL] = "FAIL" };

	return words[s];
}

const char *
mark_word(enum mark m)
{
	static const enum state states[] = { [MARK_MISSING] = STATE_UNKNOWN,
		[MARK_GOOD] = STATE_PASS, [MARK_REMARK] = STATE_WARN,
		[MARK_BAD] = STATE_FAIL, [MARK_ABSENT] = STATE_ABSENT };

	return state_word(states[m]);
}

int
standard_exit(const struct clause_result *results, size_t count, bool strict)
{
	size_t n[STATE_FAIL + 1] = { 0 }, wishes = 0;

	for (size_t i = 0; i < count; i++) {
		if (results[i].clause->duty == SHALL)
			n[results[i].state]++;
		else
			wishes += results[i].state > STATE_ABSENT;
	}
	if (n[STATE_FAIL] > 0)
		return 2;
	if (n[STATE_UNKNOWN] + n[STATE_STALE] > 0)
		return 3;
	return strict && n[STATE_WARN] + wishes > 0 ? 4 : 0;
}

const char *
verdict_word(int exit)
{
	return exit == 2 ? "NOT COMPLIANT" : exit == 3 ? "NOT PROVEN"
						       : "COMPLIANT";
}
