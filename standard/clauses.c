#include "lib/base/must.h"
#include "lib/base/number.h"
#include "standard/checks.h"

#define none NULL

static const struct clause clauses[] = {
#define CLAUSE(id, duty, title, age, s, b, c, reading)               \
	{ id, title, reading, duty, SECONDS(age), { s, b, c } },
#include "standard/clauses.def"
#undef CLAUSE
};

size_t
clauses_count(void)
{
	return COUNT_OF(clauses);
}

const struct clause *
clause_row(size_t i)
{
	MUST(i < COUNT_OF(clauses));
	return &clauses[i];
}

const struct clause *
clause_find(struct span id)
{
	for (size_t i = 0; i < COUNT_OF(clauses); i++)
		if (span_equals_nocase(span_of(clauses[i].id), id))
			return &clauses[i];
	return NULL;
}
