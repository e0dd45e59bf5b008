#include <string.h>

#include "lib/base/codec.h"
#include "lib/base/crc.h"
#include "lib/base/must.h"
#include "state/journal/segments.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/file.h"

#define PIECE 65536 /* octets of a large body at a time */

/* --- batch --------------------------------------------------------------- */

static FALLIBLE
write_out(struct journal *j)
{
	if (j->batch_len == 0)
		return OK;
	TRY(journal_fail(j, file_write(segment_last(j)->fd, j->offset,
				    span_at(j->batch, j->batch_len))));
	j->offset += j->batch_len;
	j->batch_len = 0;
	j->unsynced = true;
	return OK;
}

static FALLIBLE
sync_out(struct journal *j)
{
	TRY(write_out(j));
	if (j->unsynced)
		TRY(journal_fail(j, file_sync(segment_last(j)->fd)));
	j->unsynced = false;
	return OK;
}

/* Room for `need` octets in the batch and in the segment. */
static FALLIBLE
make_room(struct journal *j, uint64_t need)
{
	if (j->failed)
		return &fault_storage_failed;
	MUST(need <= JOURNAL_BATCH);
	if (SEGMENT_HEAD + need > j->setup.segment_size)
		return &fault_storage_full;
	if (j->offset + j->batch_len + need > j->setup.segment_size) {
		TRY(sync_out(j));
		return segment_next(j);
	}
	if (j->batch_len + need > JOURNAL_BATCH)
		return write_out(j);
	return OK;
}

/* The record is whole in the batch from `start` on: give it its head. */
static void
finish(struct journal *j, size_t start, struct record_head *h, uint64_t *lsn,
	struct place *place)
{
	struct segment *s = segment_last(j);
	struct seed seed = segment_seed(j, s->id);
	uint64_t payload = record_payload(h);
	size_t end = start + RECORD_HEAD + payload;

	h->lsn = j->next_lsn++;
	h->acked = j->acked;
	h->payload_crc = crc32c(seed_crc(&seed),
		span_at(j->batch + start + RECORD_HEAD, payload));
	put_record_head(j->batch + start, h, &seed);
	memset(j->batch + end, 0, start + record_size(h) - end);
	j->batch_len = start + record_size(h);
	j->last_start = start;
	j->last_has_blob = h->flags & RECORD_BODY_IN_BLOB;
	if (lsn)
		*lsn = h->lsn;
	if (place)
		place->n = s->id << 32 | (j->offset + start);
}

/* The payload of the record that comes next. */
static void
fill(struct journal *j, struct span head, struct span rest)
{
	uint8_t *at = j->batch + j->batch_len + RECORD_HEAD;

	if (head.len > 0)
		memcpy(at, head.at, head.len);
	if (rest.len > 0)
		memcpy(at + head.len, rest.at, rest.len);
}

FALLIBLE
journal_append(struct journal *j, uint16_t type, struct span head,
	uint64_t *lsn, struct place *place)
{
	struct record_head h = { .type = type, .head_len = (uint32_t)head.len };

	MUST(type > 0 && head.len <= JOURNAL_HEAD_MAX);
	TRY(make_room(j, record_size(&h)));
	fill(j, head, SPAN_NONE);
	finish(j, j->batch_len, &h, lsn, place);
	return OK;
}

/* --- bodies -------------------------------------------------------------- */

/* Exactly `size` octets of a descriptor. */
static FALLIBLE
read_exactly(int fd, uint64_t offset, uint8_t *at, size_t size)
{
	size_t len;

	TRY(file_read(fd, offset, at, size, &len));
	return len == size ? OK : &fault_sys_failed;
}

static FALLIBLE
append_inline(struct journal *j, struct record_head *h, struct span head,
	int fd, uint8_t sha256_out[32], uint64_t *lsn, struct place *place)
{
	uint8_t *at;

	TRY(make_room(j, record_size(h)));
	at = j->batch + j->batch_len + RECORD_HEAD;
	if (head.len > 0)
		memcpy(at, head.at, head.len);
	TRY(read_exactly(fd, 0, at + head.len, h->body_len));
	sha256(span_at(at + head.len, h->body_len), sha256_out);
	finish(j, j->batch_len, h, lsn, place);
	return OK;
}

/* Copy a large body into a file of its own, synced before its record. */
static FALLIBLE
copy_blob(int to, int from, uint64_t size, uint8_t sha256_out[32],
	uint32_t *crc)
{
	static uint8_t piece[PIECE];
	OWNED(sha256_drop) struct sha256 hash = { 0 };

	sha256_begin(&hash);
	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;

		TRY(read_exactly(from, at, piece, n));
		sha256_add(&hash, span_at(piece, n));
		*crc = crc32c(*crc, span_at(piece, n));
		TRY(file_write(to, at, span_at(piece, n)));
		at += n;
	}
	sha256_end(&hash, sha256_out);
	return file_sync(to);
}

/* The file of the record that comes next, or was taken back: no record names
 * it.  What cannot be removed now is removed by the next recovery. */
static void
drop_blob(struct journal *j)
{
	char name[NAME_SIZE];

	name_blob(name, j->next_lsn);
	if (file_unlink(j->setup.directory, name))
		return;
}

static FALLIBLE
make_blob(struct journal *j, int fd, uint64_t size, uint8_t sha256_out[32],
	uint32_t *crc)
{
	OWNED(fd_close) int to = -1;
	char name[NAME_SIZE];

	name_blob(name, j->next_lsn);
	TRY(file_unlink(j->setup.directory, name));
	TRY(file_create(j->setup.directory, name, &to));
	TRY(copy_blob(to, fd, size, sha256_out, crc));
	return file_sync_directory(j->setup.directory);
}

/* What does not become whole goes: it would hold the room that was missing. */
static FALLIBLE
write_blob(struct journal *j, int fd, uint64_t size, uint8_t sha256_out[32],
	uint32_t *crc)
{
	const struct fault *f = make_blob(j, fd, size, sha256_out, crc);

	if (f)
		drop_blob(j);
	return f;
}

FALLIBLE
journal_append_body(struct journal *j, uint16_t type, struct span head, int fd,
	uint64_t size, uint8_t sha256_out[32], uint64_t *lsn,
	struct place *place)
{
	struct record_head h = { .type = type,
		.flags = RECORD_HAS_BODY,
		.head_len = (uint32_t)head.len,
		.body_len = size };
	uint8_t sum[BLOB_SUM];
	struct buf b = BUF(sum);
	uint32_t crc = 0;

	MUST(type > 0 && head.len <= JOURNAL_HEAD_MAX);
	if (j->failed)
		return &fault_storage_failed;
	if (size <= JOURNAL_INLINE_MAX)
		return append_inline(j, &h, head, fd, sha256_out, lsn, place);
	h.flags |= RECORD_BODY_IN_BLOB;
	TRY(write_blob(j, fd, size, sha256_out, &crc));
	TRY(make_room(j, record_size(&h)));
	MUST(put_u32(&b, crc));
	fill(j, head, buf_view(&b));
	finish(j, j->batch_len, &h, lsn, place);
	return OK;
}

void
journal_undo(struct journal *j)
{
	MUST(j->batch_len > j->last_start);
	j->next_lsn--;
	j->batch_len = j->last_start;
	if (j->last_has_blob)
		drop_blob(j);
}

/* --- commit -------------------------------------------------------------- */

bool
journal_is_pending(const struct journal *j)
{
	return j->batch_len > 0 || j->unsynced;
}

FALLIBLE
journal_commit(struct journal *j)
{
	if (j->failed)
		return &fault_storage_failed;
	if (!journal_is_pending(j))
		return OK;
	TRY(sync_out(j));
	j->acked = j->next_lsn - 1;
	segment_fill(j);
	if (!j->released)
		return OK;
	/* what took the place of a released record is on the disk by now */
	j->released = false;
	return segments_drop_front(j);
}

FALLIBLE
journal_has_room(struct journal *j)
{
	struct file_room room;

	if (j->failed)
		return &fault_storage_failed;
	TRY(file_room(j->setup.directory, &room));
	if (room_is_short(&room, j->setup.min_free))
		return &fault_storage_full;
	return segment_reserve(j);
}

void
journal_keep(struct journal *j, struct place place)
{
	struct segment *s = segment_find(j, place.n >> 32);

	MUST(s);
	s->kept++;
}

void
journal_release(struct journal *j, struct place place)
{
	struct segment *s = segment_find(j, place.n >> 32);

	MUST(s && s->kept > 0);
	s->kept--;
	j->released = true;
}
