/* addresses_table.h -- what may stand in the file of addresses, as rows: the
 * parser and the manual page come from them.  For the files of addresses.h only.
 */
#pragma once

#include "lib/conf/addresses.h"
#include "lib/conf/schema.h"

#define IN(kind) (1u << (kind))

/* What a line's value is. */
enum line_kind {
	LINE_TARGET, /* an address that the entry leads to */
	LINE_SENDER, /* one that may send to it            */
	LINE_LOGIN,  /* of an account                      */
	LINE_FROM,   /* addresses of a host                */
	LINE_VALUE,  /* of lib/conf/value.h                */
};

struct line_row {
	uint32_t kinds;  /* of entries that may have it: IN(...) joined */
	uint32_t needed; /* of those that must                          */
	enum line_kind kind;
	struct setting value; /* name and help; the rest of LINE_VALUE  */
};

struct entry_row {
	const char *noun, *label; /* "alias", "ADDRESS" */
	const char *help;
};

#define LINE_ROWS 8

extern const struct line_row line_rows[LINE_ROWS];
extern const struct entry_row entry_rows[ENTRY_KINDS];
