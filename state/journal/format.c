#include "state/journal/format.h"

#include "lib/base/codec.h"
#include "lib/base/crc.h"
#include "lib/base/must.h"
#include "state/journal/journal.h"

#define SEGMENT_MAGIC SPAN("PHJ1")
#define VERSION       1
#define RECORD_MAGIC  0x4a48502eu
#define SEGMENT_SUMMED 40
#define RECORD_SUMMED  44

void
put_segment_head(uint8_t at[SEGMENT_HEAD], const struct segment_head *h)
{
	struct buf b = { at, 0, SEGMENT_HEAD };

	memset(at, 0, SEGMENT_HEAD);
	MUST(buf_put(&b, SEGMENT_MAGIC) && put_u32(&b, VERSION) &&
		buf_put(&b, span_at(h->seed.uuid, 16)) &&
		put_u64(&b, h->seed.epoch) && put_u64(&b, h->first_lsn));
	MUST(b.len == SEGMENT_SUMMED && put_u32(&b, crc32c(0, buf_view(&b))));
}

bool
take_segment_head(const uint8_t at[SEGMENT_HEAD], struct segment_head *h)
{
	struct span in = span_at(at, SEGMENT_HEAD), magic, uuid;
	uint32_t version, crc;

	if (!take_octets(&in, 4, &magic) || !take_u32(&in, &version) ||
		!take_octets(&in, 16, &uuid) || !take_u64(&in, &h->seed.epoch) ||
		!take_u64(&in, &h->first_lsn) || !take_u32(&in, &crc))
		return false;
	memcpy(h->seed.uuid, uuid.at, 16);
	return span_equals(magic, SEGMENT_MAGIC) && version == VERSION &&
		crc == crc32c(0, span_at(at, SEGMENT_SUMMED));
}

uint32_t
seed_crc(const struct seed *seed)
{
	uint8_t epoch[8];
	struct buf b = BUF(epoch);

	MUST(put_u64(&b, seed->epoch));
	return crc32c(crc32c(0, span_at(seed->uuid, 16)), buf_view(&b));
}

void
put_record_head(uint8_t at[RECORD_HEAD], const struct record_head *h,
	const struct seed *seed)
{
	struct buf b = { at, 0, RECORD_HEAD };

	MUST(put_u32(&b, RECORD_MAGIC) && put_u16(&b, h->type) &&
		put_u16(&b, h->flags) && put_u32(&b, h->head_len) &&
		put_u32(&b, 0) && put_u64(&b, h->body_len) &&
		put_u64(&b, h->lsn) && put_u64(&b, h->acked) &&
		put_u32(&b, h->payload_crc));
	MUST(b.len == RECORD_SUMMED &&
		put_u32(&b, crc32c(seed_crc(seed), buf_view(&b))));
}

static bool
is_plausible(const struct record_head *h)
{
	uint16_t known = RECORD_HAS_BODY | RECORD_BODY_IN_BLOB;

	if (h->type == 0 || (h->flags & ~known) ||
		h->head_len > JOURNAL_HEAD_MAX)
		return false;
	if (h->flags & RECORD_BODY_IN_BLOB)
		return (h->flags & RECORD_HAS_BODY) != 0;
	return h->body_len <= JOURNAL_INLINE_MAX;
}

bool
take_record_head(const uint8_t at[RECORD_HEAD], struct record_head *h,
	const struct seed *seed)
{
	struct span in = span_at(at, RECORD_HEAD);
	uint32_t magic, zero, crc;

	if (!take_u32(&in, &magic) || magic != RECORD_MAGIC ||
		!take_u16(&in, &h->type) || !take_u16(&in, &h->flags) ||
		!take_u32(&in, &h->head_len) || !take_u32(&in, &zero) ||
		!take_u64(&in, &h->body_len) || !take_u64(&in, &h->lsn) ||
		!take_u64(&in, &h->acked) || !take_u32(&in, &h->payload_crc) ||
		!take_u32(&in, &crc))
		return false;
	return zero == 0 &&
		crc == crc32c(seed_crc(seed), span_at(at, RECORD_SUMMED)) &&
		is_plausible(h);
}

uint64_t
record_payload(const struct record_head *h)
{
	return h->head_len +
		(h->flags & RECORD_BODY_IN_BLOB ? BLOB_SUM : h->body_len);
}

uint64_t
record_size(const struct record_head *h)
{
	return RECORD_HEAD + (record_payload(h) + 7) / 8 * 8;
}
