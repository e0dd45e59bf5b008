#include "standard/standard.h"

enum state
clause_combine(const struct clause *c, const struct proof proofs[LETTERS])
{
	size_t n[MARK_ABSENT + 1] = { 0 };

	for (enum letter l = 0; l < LETTERS; l++)
		n[proofs[l].mark]++;
	if (n[MARK_BAD] > 0)
		return STATE_FAIL;
	if (c->duty == NOTE || n[MARK_ABSENT] == LETTERS)
		return STATE_ABSENT;
	if (n[MARK_MISSING] > 0)
		return STATE_UNKNOWN;
	return n[MARK_REMARK] > 0 ? STATE_WARN : STATE_PASS;
}

void
clause_judge(const struct clause *c, const struct inspection *i,
	struct clause_result *out)
{
	*out = (struct clause_result){ .clause = c };
	for (enum letter l = 0; l < LETTERS; l++) {
		struct proof *p = &out->proofs[l];

		p->made = i->now;
		if (c->checks[l])
			c->checks[l](i, p);
	}
	out->state = clause_combine(c, out->proofs);
}

const char *
state_word(enum state s)
{
	static const char *const words[] = { [STATE_PASS] = "PASS",
		[STATE_WARN] = "WARN", [STATE_ABSENT] = "N/A",
		[STATE_UNKNOWN] = "UNKNOWN", [STATE_FAIL] = "FAIL" };

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
	if (n[STATE_UNKNOWN] > 0)
		return 3;
	return strict && n[STATE_WARN] + wishes > 0 ? 4 : 0;
}

const char *
verdict_word(int exit)
{
	return exit == 2 ? "NOT COMPLIANT" : exit == 3 ? "NOT PROVEN"
						       : "COMPLIANT";
}
