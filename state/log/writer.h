/* writer.h -- the log directory: one file for each day, in UTC, that only
 * grows.  "2026-11-24.jsonl" is what `posthold log` reads.
 *
 * Lines wait in memory until writer_flush, once a turn of the loop.  When the
 * disk refuses, or has only LOG_RESERVE left, they are dropped and counted, and
 * mail goes on (fault plan F23); the count is the first row written when the disk
 * takes rows again.
 */
#pragma once

#include "lib/base/time.h"
#include "state/log/row.h"
#include "sys/file.h"

#define WRITER_BUFFER (512 << 10)
#define LOG_RESERVE   6 /* percent of the volume: more than mail leaves free, so
			 * that who fills the log does not stop mail ... */
#define LOG_RESERVE_MAX (5ull << 30) /* ... at most so many octets */

struct writer {
	int directory, file;
	int64_t day; /* since 1970 of the open file, -1: none open */
	uint64_t dropped;
	struct buf lines;
	uint8_t storage[WRITER_BUFFER];
};

/* directory  borrowed until the end */
void writer_open(struct writer *w, int directory);

/* Keep a row; flushes by itself when the memory is full.  A role whose clock is
 * more than a minute off `now` is not believed: `now` is written.
 *
 * ipc_malformed  as put_row */
FALLIBLE writer_add(struct writer *w, const struct log_row *row,
	const char *role, struct instant now);

/* Is there more free than LOG_RESERVE? */
bool writer_has_room(const struct file_room *r);

/* Write what waits.
 *
 * storage_failed, storage_full  it was dropped and counted */
FALLIBLE writer_flush(struct writer *w, struct instant now);
