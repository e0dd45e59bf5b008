/* The name that a mistyped one was meant to be. */
#include "lib/conf/schema.h"

#define LONGEST  24 /* no name of the schema is longer           */
#define FARTHEST 2  /* edits; more is another word               */

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance of two short names, one row at a time. */
static size_t
distance(struct span a, struct span b)
{
	size_t row[LONGEST + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 0; i < a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b.len; j++) {
			size_t other = octet_lower(a.at[i]) !=
				octet_lower(b.at[j]);
			size_t swap = diagonal + other;

			diagonal = row[j + 1];
			row[j + 1] = least(swap,
				least(row[j], diagonal) + 1);
		}
	}
	return row[b.len];
}

struct best {
	const char *name;
	size_t away;
};

static void
consider(struct best *best, struct span typed, const char *name)
{
	struct span s = span_of(name);
	size_t away;

	if (s.len == 0 || s.len > LONGEST || typed.len > LONGEST)
		return;
	away = distance(typed, s);
	if (away < best->away && away < s.len / 2 + 1)
		*best = (struct best){ name, away };
}

const char *
setting_nearest(enum section section, struct span name)
{
	struct best best = { NULL, FARTHEST + 1 };

	for (size_t i = 0; i < settings_count(); i++)
		if (setting_row(i)->section == section)
			consider(&best, name, setting_row(i)->name);
	for (enum section s = 0; section == SECTION_TOP && s < SECTIONS; s++)
		consider(&best, name, section_row(s)->name);
	return best.name;
}
