/* imap_text.h -- strings as IMAP writes them, RFC 3501 section 4.3.
 *
 * Everything that leaves here is legal syntax whatever the octets are: quoted
 * where that can be, a literal where it cannot, "?" for NUL.  A put changes
 * nothing when it does not fit.
 */
#pragma once

#include "lib/base/buf.h"

/* How the octets of a header value are read before they are written. */
enum text_mode {
	TEXT_PLAIN = 0,
	TEXT_UNFOLD = 1 << 0,    /* without CR and LF                  */
	TEXT_UNQUOTE = 1 << 1,   /* quotes away, quoted-pairs resolved */
	TEXT_UNCOMMENT = 1 << 2, /* without comments                   */
	TEXT_SQUEEZE = 1 << 3,   /* without blanks outside quotes      */
};

/* string = quoted / literal.  At most `max` octets of the value. */
bool put_string(struct buf *b, struct span s, unsigned mode, size_t max);

/* nstring: NIL for SPAN_NONE. */
bool put_nstring(struct buf *b, struct span s, unsigned mode, size_t max);

/* "TEXT" from "text": a string in upper case. */
bool put_upper(struct buf *b, struct span s, size_t max);

/* Reads back what a server may write; for tests, fuzzers and search.
 * Each takes one thing off *in or returns false. */

/* string or NIL; *inner is what stands between the quotes or in the literal,
 * SPAN_NONE for NIL */
bool take_nstring(struct span *in, struct span *inner);

/* One value: atom, number, string, NIL or balanced list, at most 32 deep. */
bool take_value_imap(struct span *in);
