/* standard.h -- the standard as a table, and the checks that make evidence.
 *
 * Evidence has three letters: S static (settings, files, kernel tables), B
 * black box (asked over the network), C continuous (logs, counters).  A clause
 * is proven when all three were made, agree and are fresh.
 */
#pragma once

#include "lib/base/time.h"
#include "lib/conf/site.h"

enum letter { STATIC, BLACKBOX, CONTINUOUS, LETTERS };

enum duty { SHALL, SHOULD, NOTE };

enum mark {
	MARK_MISSING, /* no evidence: nobody could make it               */
	MARK_GOOD,
	MARK_REMARK,  /* good, but somebody should look at it            */
	MARK_BAD,     /* the clause is violated                          */
	MARK_ABSENT,  /* what the clause is about is not here            */
};

/* The site under inspection, and its moment. */
struct inspection {
	const struct site *site;
	const char *settings; /* path of its file           */
	struct instant now;
	const struct clause *clause; /* that is proven now         */
};

/* One letter's evidence, with what a reader needs to make it again. */
struct proof {
	enum mark mark;
	struct instant made;
	char looked[240]; /* what was sent or looked at                  */
	char found[240];  /* what came back                              */
	char remedy[240]; /* what to do about it; empty when good        */
};

typedef void check(const struct inspection *i, struct proof *out);

struct clause {
	const char *id, *title, *reading;
	enum duty duty;
	int64_t max_age_us;
	check *checks[LETTERS]; /* NULL: nobody makes it yet */
};

/* What is known of a clause; clauses.md has the meanings under the same
 * names. */
enum state { STATE_PASS, STATE_WARN, STATE_ABSENT, STATE_UNKNOWN, STATE_STALE,
	STATE_FAIL };

struct clause_result {
	const struct clause *clause;
	struct proof proofs[LETTERS];
	enum state state;
};

size_t clauses_count(void);
const struct clause *clause_row(size_t i);

/* NULL when there is none of this id. */
const struct clause *clause_find(struct span id);

/* Make all evidence now; results[].clause says for what.  Each letter is made for
 * all clauses before the next: what the black box provokes is in the log when the
 * continuous letter is read. */
void clauses_try(struct clause_result *results, size_t count,
	const struct inspection *i);

/* What the letters come to at `now`; one older than the clause allows is
 * stale. */
enum state clause_combine(const struct clause *c,
	const struct proof proofs[LETTERS], struct instant now);

/* "PASS", "WARN", "N/A", "UNKNOWN", "STALE", "FAIL"; the same words for a
 * mark. */
const char *state_word(enum state s);
const char *mark_word(enum mark m);

/* What `count` results come to, as exit codes: 0 every SHALL is satisfied, 2
 * one is violated, 3 one could not be proven, and 4, if `strict`, something is
 * a remark or a SHOULD is not satisfied. */
int standard_exit(const struct clause_result *results, size_t count,
	bool strict);

/* "COMPLIANT", "NOT COMPLIANT", "NOT PROVEN" */
const char *verdict_word(int exit);

/* --- for the checks ------------------------------------------------------ */

/* Fill in a proof, as by printf.  The first names what was looked at and must
 * come before the others. */
#define PRINTS(at, values) __attribute__((format(printf, at, values)))
void proof_looked(struct proof *p, const char *format, ...) PRINTS(2, 3);
void proof_good(struct proof *p, const char *format, ...) PRINTS(2, 3);
void proof_remark(struct proof *p, const char *remedy, const char *format, ...)
	PRINTS(3, 4);
void proof_bad(struct proof *p, const char *remedy, const char *format, ...)
	PRINTS(3, 4);
void proof_missing(struct proof *p, const char *format, ...) PRINTS(2, 3);
void proof_absent(struct proof *p, const char *format, ...) PRINTS(2, 3);
