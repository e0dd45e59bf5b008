/* evidence.h -- what was proven when, kept between two runs of the check.
 *
 * One file, DIR/evidence, a line for each clause and letter:
 *
 *	NC-2.1.5 TAB blackbox TAB PASS TAB 2026-11-24T08:30:00Z TAB looked TAB
 *	found TAB remedy
 *
 * A letter that cannot be made now (the site is down, the prober is not root)
 * is taken from there with its age, and is stale once that is above the age of
 * its clause.  What is made now always replaces what was kept.
 */
#pragma once

#include "standard/standard.h"

/* Fill letters of `results` that are missing.  A file that is not there or not
 * ours (another owner, writable by others) gives nothing. */
void evidence_fill(const char *directory, struct clause_result *results,
	size_t count);

/* Keep the letters that were made, beside those of other clauses.
 *
 * storage_failed, storage_full  the file stays as it was */
FALLIBLE evidence_keep(const char *directory,
	const struct clause_result *results, size_t count);

/* "static", "blackbox", "continuous" */
const char *letter_name(enum letter l);
