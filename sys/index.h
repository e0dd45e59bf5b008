/* index.h -- ordered tables in one file: what is derived from a journal and
 * can be made again from it (LMDB).
 *
 * There is one user, so there is one transaction: the first access begins it,
 * tables_commit ends it, and between the two everything reads what was written
 * before.  A commit syncs the data but not the page that points to it: a power
 * cut can take back whole commits at the end, never half of one.
 *
 * A view into a table lives until the next change of any table.  Keys have 1
 * to 511 octets and are ordered like span_compare.  All functions say
 * storage_failed when the file cannot be used, storage_full when it cannot
 * grow; the tables are then closed to further use, and what was not committed
 * is lost.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

#define TABLES_MAX 16

struct tables;

struct table_row {
	struct span key, value; /* SPAN_NONE: there is no row */
};

/* Open `file` below `directory`, making it when it is missing, with `count`
 * tables that are called by their number.  Enters paths: before the sandbox. */
FALLIBLE tables_open(int directory, const char *file, size_t count,
	struct tables **out);

/* Gives up what was not committed; accepts NULL. */
void tables_close(struct tables **t);

FALLIBLE tables_commit(struct tables *t);

/* Remove every row of every table. */
FALLIBLE tables_clear(struct tables *t);

/* Which file this is: it differs in a copy. */
struct file_identity {
	uint64_t device, inode;
};

struct file_identity tables_identity(const struct tables *t);

/* *value is SPAN_NONE when there is no such row. */
FALLIBLE table_get(struct tables *t, size_t table, struct span key,
	struct span *value);
FALLIBLE table_put(struct tables *t, size_t table, struct span key,
	struct span value);

/* No row is no fault. */
FALLIBLE table_remove(struct tables *t, size_t table, struct span key);

/* The last row whose key is at most `key`. */
FALLIBLE table_upto(struct tables *t, size_t table, struct span key,
	struct table_row *row);

/* A way through one table.  walk_close before tables_commit and tables_close;
 * no other function may change the table in between. */
struct walk {
	struct tables *tables;
	struct MDB_cursor *cursor;
};

FALLIBLE walk_open(struct tables *t, size_t table, struct walk *out);
void walk_close(struct walk *w);

/* Go to the first row whose key is at least `key`; to the one behind. */
FALLIBLE walk_seek(struct walk *w, struct span key, struct table_row *row);
FALLIBLE walk_next(struct walk *w, struct table_row *row);

/* Change the value of the row where the walk is, to one that may lie in it;
 * or remove it: walk_next then goes to the row behind. */
FALLIBLE walk_replace(struct walk *w, struct span value);
FALLIBLE walk_remove(struct walk *w);
