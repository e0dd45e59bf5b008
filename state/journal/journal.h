/* journal.h -- the only truth of queue and store: records appended to segments
 * that were preallocated, made durable together.
 *
 *	journal_open(&setup, replay, arg, &j);     every record, in order
 *	journal_append(j, ...)  as often as there is something to say
 *	journal_commit(j)       one write and one fdatasync for all of it
 *
 * After a fault of a write or a sync the journal is failed: whatever was not
 * acknowledged counts as lost, every later call says storage_failed, and only
 * opening it again, which replays what is on the disk, goes on (rule D3).
 *
 * Format (little endian), `SSSSSSSSSSSSSSSS.seg`:
 *	segment = magic "PHJ1" | version u32 | uuid 16 | epoch u64 | first lsn
 *	          u64 | crc u32 | 20 zero                            (64 octets)
 *	record  = magic u32 | type u16 | flags u16 | head length u32 | zero u32 |
 *	          body length u64 | lsn u64 | acknowledged lsn u64 | crc of
 *	          payload u32 | crc of these 44 octets u32           (48 octets)
 *	          head | body, or u32 crc of `LSN.blob` with it | 0 to 7 zero
 * Checksums are CRC-32C seeded with uuid and epoch, and the lsn rises by one:
 * octets that belong elsewhere are no records.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

#define JOURNAL_HEAD_MAX   (1u << 20) /* octets of a record without its body */
#define JOURNAL_INLINE_MAX (256u << 10) /* octets of a body inside a segment */
#define JOURNAL_SEGMENT    (64u << 20)
#define JOURNAL_RESERVE    5 /* percent of a volume's octets, and of its files,
			      * that stay free whatever min_free says ... */
#define JOURNAL_RESERVE_MAX (4ull << 30) /* ... but no more octets than so many:
					  * enough to finish what is there */

struct journal;

struct journal_setup {
	int directory;         /* borrowed; locked while it is open           */
	uint64_t segment_size; /* JOURNAL_SEGMENT; tests take less            */
	uint64_t min_free;     /* octets that the volume keeps, else 452      */
	bool read_only;        /* for a checker: nothing is locked or changed */
};

/* Where a record is: found again by journal_read_.  Never 0. */
struct place {
	uint64_t n;
};

struct journal_record {
	uint16_t type;
	uint64_t lsn;
	struct place place;
	struct span head;   /* valid during the call        */
	uint64_t body_size; /* see journal_read_body        */
};

typedef const struct fault *on_record(void *arg,
	const struct journal_record *r);

/* How the records end. */
enum journal_end {
	JOURNAL_CLEAN,   /* nothing behind the last record                 */
	JOURNAL_TORN,    /* the last commit was not acknowledged: dropped  */
	JOURNAL_DAMAGED, /* sound records lie behind an unsound one        */
};

struct journal_facts {
	enum journal_end end;
	uint64_t records, last_lsn, octets, segments;
};

/* Recover: hand every record to `each`, in order.  An empty directory becomes a
 * journal.
 *
 * file_busy       another process has it
 * record_damaged  JOURNAL_DAMAGED: nothing is changed, see docs/operator
 * or what `each` returned */
FALLIBLE journal_open(const struct journal_setup *setup, on_record *each,
	void *arg, struct journal **out);
void journal_close(struct journal **j);
void journal_facts(const struct journal *j, struct journal_facts *out);

/* May more be taken in?
 *
 * storage_full    the volume's reserve is reached: min_free or JOURNAL_RESERVE
 * storage_failed  the journal has failed */
FALLIBLE journal_has_room(struct journal *j);

/* Append a record to the batch.  type 1 to 65535.
 *
 * place, lsn  may be NULL */
FALLIBLE journal_append(struct journal *j, uint16_t type, struct span head,
	uint64_t *lsn, struct place *place);

/* The same with a body: `size` octets of descriptor `fd` from its start, read
 * once.
 *
 * sha256  of the octets that were copied: what does not equal the verdict is
 *         taken back with journal_undo
 *
 * sys_failed  the descriptor has fewer octets; nothing was appended */
FALLIBLE journal_append_body(struct journal *j, uint16_t type, struct span head,
	int fd, uint64_t size, uint8_t sha256[32], uint64_t *lsn,
	struct place *place);

/* Take back the record that was appended last, before the commit. */
void journal_undo(struct journal *j);

/* Everything appended is on the disk.  Nothing appended: nothing is done. */
FALLIBLE journal_commit(struct journal *j);

/* Is there anything to commit? */
bool journal_is_pending(const struct journal *j);

/* Read back.  The record may be uncommitted; then it comes from the batch.
 *
 * record_damaged  its checksum does not hold */
FALLIBLE journal_read_head(struct journal *j, struct place place, uint8_t *at,
	size_t cap, size_t *len, uint64_t *body_size);
FALLIBLE journal_read_body(struct journal *j, struct place place,
	uint64_t offset, uint8_t *at, size_t len);

/* The file of a body that has one of its own, open for reading; -1: it has none. */
FALLIBLE journal_open_body(struct journal *j, struct place place, int *out);

/* Read the whole record and its body, and compare them with their checksums.
 *
 * record_damaged */
FALLIBLE journal_verify(struct journal *j, struct place place);

/* A record keeps its segment, and all behind it, until it is released; replay
 * hands out what is kept.  Segments at the front without kept records go with
 * the next commit: what is appended instead of a record is durable before it
 * goes. */
void journal_keep(struct journal *j, struct place place);
void journal_release(struct journal *j, struct place place);
