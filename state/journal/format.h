/* format.h -- the octets of segments and records; journal.h draws them. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

#define SEGMENT_HEAD 64
#define RECORD_HEAD  48

enum { RECORD_HAS_BODY = 1, RECORD_BODY_IN_BLOB = 2 };

/* Which journal and which segment: what checksums are seeded with. */
struct seed {
	uint8_t uuid[16];
	uint64_t epoch;
};

struct segment_head {
	struct seed seed;
	uint64_t first_lsn;
};

struct record_head {
	uint16_t type, flags;
	uint32_t head_len;
	uint64_t body_len; /* in the segment or in the blob             */
	uint64_t lsn;
	uint64_t acked;    /* the last lsn that was durable when this one
			    * was appended: tells damage from a commit
			    * that was cut off                          */
	uint32_t payload_crc;
};

void put_segment_head(uint8_t at[SEGMENT_HEAD], const struct segment_head *h);

/* False: no segment of this version. */
bool take_segment_head(const uint8_t at[SEGMENT_HEAD], struct segment_head *h);

void put_record_head(uint8_t at[RECORD_HEAD], const struct record_head *h,
	const struct seed *seed);

/* False: no record of this segment. */
bool take_record_head(const uint8_t at[RECORD_HEAD], struct record_head *h,
	const struct seed *seed);

uint32_t seed_crc(const struct seed *seed);

/* Octets of the record in its segment, padding included. */
uint64_t record_size(const struct record_head *h);

#define BLOB_SUM 4 /* octets: the checksum of a blob, after the head */

/* Octets of head and body, or of head and checksum, in the segment, without
 * padding. */
uint64_t record_payload(const struct record_head *h);
