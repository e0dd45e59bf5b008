#include "state/journal/segments.h"

#include <stdlib.h>

#include "lib/base/must.h"
#include "sys/fd.h"
#include "sys/file.h"

struct segment *
segment_last(struct journal *j)
{
	MUST(j->count > 0);
	return &j->segments[j->count - 1];
}

struct segment *
segment_find(struct journal *j, uint64_t id)
{
	if (j->count == 0 || id < j->segments[0].id ||
		id - j->segments[0].id >= j->count)
		return NULL;
	return &j->segments[id - j->segments[0].id];
}

struct seed
segment_seed(const struct journal *j, uint64_t id)
{
	struct seed s = { .epoch = id };

	memcpy(s.uuid, j->uuid, sizeof s.uuid);
	return s;
}

static void
name_file(char name[NAME_SIZE], uint64_t n, const char *end)
{
	struct buf b = { (uint8_t *)name, 0, NAME_SIZE };
	uint8_t octets[8];

	for (int i = 0; i < 8; i++)
		octets[i] = (uint8_t)(n >> (56 - 8 * i));
	MUST(buf_put_hex(&b, span_at(octets, 8)) && buf_put_text(&b, end) &&
		buf_push(&b, 0));
}

void
name_segment(char name[NAME_SIZE], uint64_t id)
{
	name_file(name, id, ".seg");
}

void
name_blob(char name[NAME_SIZE], uint64_t lsn)
{
	name_file(name, lsn, ".blob");
}

FALLIBLE
journal_fail(struct journal *j, const struct fault *f)
{
	j->failed |= f != OK;
	return f;
}

FALLIBLE
segment_add(struct journal *j, uint64_t id, uint64_t first_lsn, int fd)
{
	OWNED(fd_close) int owned = fd;

	if (j->count == j->cap) {
		size_t cap = j->cap ? 2 * j->cap : 16;
		void *at = realloc(j->segments, cap * sizeof *j->segments);

		if (!at)
			return &fault_sys_failed;
		j->segments = at;
		j->cap = cap;
	}
	j->segments[j->count++] = (struct segment){ .id = id,
		.first_lsn = first_lsn,
		.fd = fd_give(&owned) };
	return OK;
}

/* The file of segment `id` with all its room, but no head yet: it is no segment
 * until it is used. */
static FALLIBLE
reserve(struct journal *j, uint64_t id, int *out)
{
	OWNED(fd_close) int fd = -1;
	char name[NAME_SIZE];

	name_segment(name, id);
	TRY(file_unlink(j->setup.directory, name));
	TRY(file_create(j->setup.directory, name, &fd));
	TRY(file_allocate(fd, j->setup.segment_size));
	TRY(file_sync(fd));
	TRY(file_sync_directory(j->setup.directory));
	*out = fd_give(&fd);
	return OK;
}

static uint64_t
next_id(const struct journal *j)
{
	return j->count ? j->segments[j->count - 1].id + 1 : 1;
}

FALLIBLE
segment_reserve(struct journal *j)
{
	if (j->spare >= 0)
		return OK;
	j->filled = 0;
	return reserve(j, next_id(j), &j->spare);
}

bool
segment_is_filled(const struct journal *j)
{
	return j->spare < 0 || j->filled == j->setup.segment_size;
}

void
segment_fill(struct journal *j)
{
	static uint8_t zeros[FILL_MAX];
	uint64_t size = j->setup.segment_size, len = size / 4;

	if (segment_is_filled(j))
		return;
	if (len > FILL_MAX)
		len = FILL_MAX;
	if (len > size - j->filled)
		len = size - j->filled;
	if (file_write(j->spare, j->filled, span_at(zeros, (size_t)len))) {
		j->filled = size;
		return;
	}
	file_begin_write(j->spare, j->filled, len);
	j->filled += len;
}

bool
room_is_short(const struct file_room *r, uint64_t min_free)
{
	return r->octets_free < min_free ||
		r->octets_free < file_room_share(r, JOURNAL_RESERVE,
					 JOURNAL_RESERVE_MAX) ||
		r->files_free < r->files / 100 * JOURNAL_RESERVE;
}

FALLIBLE
segment_next(struct journal *j)
{
	uint8_t at[SEGMENT_HEAD];
	struct segment_head head = { .first_lsn = j->next_lsn };
	uint64_t id = next_id(j);
	const struct fault *f;

	TRY(segment_reserve(j));
	head.seed = segment_seed(j, id);
	put_segment_head(at, &head);
	TRY(journal_fail(j, file_write(j->spare, 0, span_at(at, sizeof at))));
	/* before the file after it is made: only the last may be unused */
	TRY(journal_fail(j, file_sync(j->spare)));
	TRY(segment_add(j, id, j->next_lsn, fd_give(&j->spare)));
	j->offset = SEGMENT_HEAD;
	/* a full disk is noticed by journal_has_room, not by this commit */
	f = segment_reserve(j);
	return f == &fault_storage_full ? OK : f;
}

/* Unlink the blobs that records of the segment have. */
static FALLIBLE
drop_blobs(struct journal *j, const struct segment *s)
{
	struct seed seed = segment_seed(j, s->id);
	uint64_t at = SEGMENT_HEAD;

	while (at + RECORD_HEAD <= j->setup.segment_size) {
		uint8_t octets[RECORD_HEAD];
		struct record_head h;
		char name[NAME_SIZE];
		size_t len;

		TRY(file_read(s->fd, at, octets, sizeof octets, &len));
		if (len < sizeof octets || !take_record_head(octets, &h, &seed))
			return OK;
		name_blob(name, h.lsn);
		if (h.flags & RECORD_BODY_IN_BLOB)
			TRY(file_unlink(j->setup.directory, name));
		at += record_size(&h);
	}
	return OK;
}

FALLIBLE
segments_drop_front(struct journal *j)
{
	while (j->count > 1 && j->segments[0].kept == 0) {
		char name[NAME_SIZE];

		TRY(drop_blobs(j, &j->segments[0]));
		name_segment(name, j->segments[0].id);
		TRY(file_unlink(j->setup.directory, name));
		/* in this order on the disk too, or a hole would be left */
		TRY(file_sync_directory(j->setup.directory));
		fd_close(&j->segments[0].fd);
		j->count--;
		memmove(j->segments, j->segments + 1,
			j->count * sizeof *j->segments);
	}
	return OK;
}
