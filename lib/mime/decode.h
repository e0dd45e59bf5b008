/* decode.h -- undoes transfer encodings, RFC 2045 section 6, piece by piece.
 *
 * For looking into bodies, not for judging them: what is malformed never stops
 * it.  base64 skips what is no digit and begins anew behind "="; a broken
 * quoted-printable escape stands for itself.  Any split of the input gives the
 * same octets.
 */
#pragma once

#include "lib/mime/tree.h"

struct decoder {
	enum part_encoding encoding;
	uint32_t bits;   /* base64: digits that are no octet yet        */
	unsigned digits;
	uint8_t held[3]; /* quoted-printable: "=" and what came behind   */
	size_t holds;
};

void decoder_init(struct decoder *d, enum part_encoding encoding);

/* Take octets from *in until it is empty or `out` has less than DECODE_ROOM
 * left, which it must have at first. */
#define DECODE_ROOM 4
void decode(struct decoder *d, struct span *in, struct buf *out);

/* What is held at the end of the body. */
void decode_end(struct decoder *d, struct buf *out);

/* A header value for people: folds away, encoded-words (RFC 2047) of UTF-8,
 * US-ASCII and ISO-8859-1 as UTF-8, others as they stand.  False when it does
 * not fit; `b` is unchanged then. */
bool put_words(struct buf *b, struct span value);
