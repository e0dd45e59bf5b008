/* chunk.h -- the messages of a mailbox, some at a time.
 *
 * 60 records of 32 octets with their key are just under half a page of the
 * index: two chunks share one, and a mailbox of 100,000 messages is read in
 * 1,700 steps instead of 100,000.
 */
#pragma once

#include "state/store/rows.h"

#define CHUNK_ROWS 60

struct chunk {
	uint32_t key; /* its first uid when it was made; never changes */
	uint32_t count; /* 0: there is no such chunk */
	struct view_row row[CHUNK_ROWS];
	uint64_t email[CHUNK_ROWS];
};

/* Put a message behind all others of the mailbox; its uid is larger. */
FALLIBLE chunk_append(struct tables *t, struct box b,
	const struct view_row *row, uint64_t email);

/* The message `uid`; *found false when it is not there. */
FALLIBLE chunk_find(struct tables *t, struct box b, uint32_t uid,
	struct view_row *row, uint64_t *email, bool *found);

enum row_fate { ROW_SAME, ROW_CHANGED, ROW_CUT, ROW_STOP };

/* Look at one message: leave it, change `row` in place (not its uid), have it
 * removed, or leave it and end the visit.  May change other tables. */
typedef const struct fault *on_row(void *arg, struct view_row *row,
	uint64_t email, enum row_fate *fate);

/* Every message whose uid is in `ranges` (record.h), ascending, once; `f` may
 * append to the mailbox behind them. */
FALLIBLE chunk_visit(struct tables *t, struct box b, struct span ranges,
	on_row *f, void *arg);

/* Append all rows of the mailbox to `fd`, in pieces of the size of `room`, which
 * is used for it.
 *
 * record_damaged  they do not ascend */
FALLIBLE chunk_copy_all(struct tables *t, struct box b, struct buf *room,
	int fd, size_t *count);
