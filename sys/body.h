/* body.h -- the octets of one message on their way to the scanner, the store
 * and the queue.
 *
 * They are written once, into sealed memory; what grows beyond
 * BODY_MEMORY_MAX continues in an unnamed file that the queue hands out.  From
 * body_seal on nobody can change memory, and whoever acts on a file compares
 * its SHA-256 with the verdict.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

#define BODY_MEMORY_MAX (1 << 20) /* octets */

struct body {
	uint64_t size;
	int fd;      /* -1: not open */
	bool is_file;
};

#define BODY_CLOSED ((struct body){ .fd = -1 })

FALLIBLE body_open(struct body *b);

/* Append.
 *
 * storage_full, storage_failed  the body is of no use any more */
FALLIBLE body_add(struct body *b, struct span octets);

/* Should the body move to a file before more is added? */
bool body_wants_file(const struct body *b);

/* Go on in `file`, taken over. */
FALLIBLE body_move(struct body *b, int file);

/* Put octets in front of the `at`th; before body_seal, and nothing is added
 * afterwards.
 *
 * storage_full, storage_failed  the body is of no use any more */
FALLIBLE body_insert(struct body *b, uint64_t at, struct span octets);

/* It is complete: nobody adds or changes anything; the offset is 0. */
FALLIBLE body_seal(struct body *b);

/* Up to `cap` octets from `offset` on; the second from the start. */
FALLIBLE body_piece(const struct body *b, uint64_t offset, uint8_t *at,
	size_t cap, size_t *len);
FALLIBLE body_head(const struct body *b, uint8_t *at, size_t cap, size_t *len);

/* Also for one that is closed. */
void body_close(struct body *b);
