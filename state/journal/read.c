#include "lib/base/codec.h"
#include "lib/base/crc.h"
#include "lib/base/must.h"
#include "state/journal/segments.h"
#include "sys/fd.h"
#include "sys/file.h"

#define PIECE 65536

/* Octets of a segment, from the file or from the batch that is not written
 * yet.  A record lies in one of them whole. */
static FALLIBLE
read_at(struct journal *j, const struct segment *s, uint64_t offset,
	uint8_t *at, size_t len)
{
	bool batched = s == segment_last(j) && offset >= j->offset &&
		j->batch_len > 0;
	size_t got;

	if (batched) {
		if (offset + len > j->offset + j->batch_len)
			return &fault_record_damaged;
		memcpy(at, j->batch + (offset - j->offset), len);
		return OK;
	}
	TRY(file_read(s->fd, offset, at, len, &got));
	return got == len ? OK : &fault_record_damaged;
}

struct found {
	const struct segment *segment;
	struct seed seed;
	struct record_head head;
	uint64_t offset; /* of the payload */
};

static FALLIBLE
find(struct journal *j, struct place place, struct found *f)
{
	uint64_t offset = place.n & UINT32_MAX;
	uint8_t octets[RECORD_HEAD];

	f->segment = segment_find(j, place.n >> 32);
	if (!f->segment || offset < SEGMENT_HEAD)
		return &fault_record_unknown;
	f->seed = segment_seed(j, f->segment->id);
	TRY(read_at(j, f->segment, offset, octets, sizeof octets));
	if (!take_record_head(octets, &f->head, &f->seed))
		return &fault_record_damaged;
	f->offset = offset + RECORD_HEAD;
	return OK;
}

FALLIBLE
journal_read_head(struct journal *j, struct place place, uint8_t *at,
	size_t cap, size_t *len, uint64_t *body_size)
{
	struct found f;

	TRY(find(j, place, &f));
	if (f.head.head_len > cap)
		return &fault_record_damaged;
	TRY(read_at(j, f.segment, f.offset, at, f.head.head_len));
	*len = f.head.head_len;
	if (body_size)
		*body_size = f.head.body_len;
	return OK;
}

static FALLIBLE
read_blob(struct journal *j, const struct found *f, uint64_t offset,
	uint8_t *at, size_t len)
{
	OWNED(fd_close) int fd = -1;
	char name[NAME_SIZE];
	size_t got;

	name_blob(name, f->head.lsn);
	TRY(file_open(j->setup.directory, name, false, &fd));
	TRY(file_read(fd, offset, at, len, &got));
	return got == len ? OK : &fault_record_damaged;
}

FALLIBLE
journal_read_body(struct journal *j, struct place place, uint64_t offset,
	uint8_t *at, size_t len)
{
	struct found f;

	TRY(find(j, place, &f));
	if (offset > f.head.body_len || len > f.head.body_len - offset)
		return &fault_record_unknown;
	if (f.head.flags & RECORD_BODY_IN_BLOB)
		return read_blob(j, &f, offset, at, len);
	return read_at(j, f.segment, f.offset + f.head.head_len + offset, at,
		len);
}

FALLIBLE
journal_open_body(struct journal *j, struct place place, int *out)
{
	char name[NAME_SIZE];
	struct found f;

	*out = -1;
	TRY(find(j, place, &f));
	if (!(f.head.flags & RECORD_BODY_IN_BLOB))
		return OK;
	name_blob(name, f.head.lsn);
	return file_open(j->setup.directory, name, false, out);
}

/* The checksum of the payload; *sum are its last octets. */
static FALLIBLE
sum_payload(struct journal *j, const struct found *f, uint32_t *crc,
	uint8_t sum[BLOB_SUM])
{
	static uint8_t piece[PIECE];
	uint64_t left = record_payload(&f->head), at = f->offset;
	size_t n = 0;

	*crc = seed_crc(&f->seed);
	for (; left > 0; left -= n, at += n) {
		n = left < PIECE ? (size_t)left : PIECE;
		TRY(read_at(j, f->segment, at, piece, n));
		*crc = crc32c(*crc, span_at(piece, n));
	}
	if (f->head.flags & RECORD_BODY_IN_BLOB)
		return read_at(j, f->segment, at - BLOB_SUM, sum, BLOB_SUM);
	return OK;
}

static FALLIBLE
sum_blob(struct journal *j, const struct found *f, uint32_t *crc)
{
	static uint8_t piece[PIECE];
	uint64_t size = f->head.body_len;

	*crc = 0;
	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;

		TRY(read_blob(j, f, at, piece, n));
		*crc = crc32c(*crc, span_at(piece, n));
		at += n;
	}
	return OK;
}

FALLIBLE
journal_verify(struct journal *j, struct place place)
{
	uint8_t sum[BLOB_SUM];
	struct span in = span_at(sum, sizeof sum);
	uint32_t crc, want;
	struct found f;

	TRY(find(j, place, &f));
	TRY(sum_payload(j, &f, &crc, sum));
	if (crc != f.head.payload_crc)
		return &fault_record_damaged;
	if (!(f.head.flags & RECORD_BODY_IN_BLOB))
		return OK;
	TRY(sum_blob(j, &f, &crc));
	return take_u32(&in, &want) && want == crc ? OK
						   : &fault_record_damaged;
}
