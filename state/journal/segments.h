/* segments.h -- the files of a journal; state/journal only. */
#pragma once

#include "state/journal/format.h"
#include "state/journal/journal.h"
#include "sys/file.h"

#define JOURNAL_BATCH (8u << 20) /* octets of records waiting for a commit */
#define NAME_SIZE     24
#define FILL_MAX      (128u << 10) /* octets of the spare with each commit */

struct segment {
	uint64_t id;   /* rises by one; also the epoch */
	uint64_t first_lsn;
	uint32_t kept; /* records that hold it */
	int fd;
};

struct journal {
	struct journal_setup setup;
	struct journal_facts facts;
	uint8_t uuid[16];
	int lock;
	bool failed;

	struct segment *segments; /* ascending ids, without a hole */
	size_t count, cap;
	int spare;       /* the next segment, reserved; -1: none */
	uint64_t filled; /* of the spare, octets that were written with zeros */
	uint64_t offset; /* in the last segment: where the batch goes */
	uint64_t tail;   /* in the last segment, when it was replayed: from
			  * here on nothing was known to be acknowledged */

	uint8_t *batch;
	size_t batch_len;
	size_t last_start; /* of the record appended last */
	bool last_has_blob;
	bool unsynced;     /* something was written since the last sync */
	bool released;     /* a record was, since the last commit */
	uint64_t next_lsn, acked;
};

struct segment *segment_last(struct journal *j);
struct segment *segment_find(struct journal *j, uint64_t id);
struct seed segment_seed(const struct journal *j, uint64_t id);

void name_segment(char name[NAME_SIZE], uint64_t id);
void name_blob(char name[NAME_SIZE], uint64_t lsn);

/* Add a segment that exists to the table; takes over `fd`. */
FALLIBLE segment_add(struct journal *j, uint64_t id, uint64_t first_lsn, int fd);

/* Go on in a new segment; the old one has been written and synced.
 *
 * storage_full  nothing has changed */
FALLIBLE segment_next(struct journal *j);

/* Have the one after this ready, so that a commit meets no full disk. */
FALLIBLE segment_reserve(struct journal *j);

/* Write zeros to the next piece of the spare: a commit then changes no metadata
 * of the file, which takes a third of its time.  What cannot be filled is used
 * as it is. */
void segment_fill(struct journal *j);
bool segment_is_filled(const struct journal *j);

/* Is so little left that nothing new is taken in?  Finishing what is there needs
 * room too. */
bool room_is_short(const struct file_room *r, uint64_t min_free);

/* Remove the segments at the front that nothing keeps, and their blobs. */
FALLIBLE segments_drop_front(struct journal *j);

/* A failure to write or sync, a full disk too, ends the journal's use: nobody
 * knows what of it is there (rule D3). */
FALLIBLE journal_fail(struct journal *j, const struct fault *f);
