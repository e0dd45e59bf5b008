/* base64.h -- RFC 4648 section 4, as SASL exchanges carry it.
 *
 * Strict: padding is required, bits that nobody reads must be zero, nothing
 * stands between the digits.  So every value has one spelling.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

/* Octets of text that `n` octets become. */
#define BASE64_LENGTH(n) (((n) + 2) / 3 * 4)

/* Appends whole or changes nothing. */
bool put_base64(struct buf *b, struct span s);

/* `out` may be the storage that `text` lies in.
 *
 * base64_syntax  not base64, or more than the room in `out`; `out` is
 *                unchanged then */
FALLIBLE base64_decode(struct span text, struct buf *out);
