/* base64.h -- RFC 4648 section 4, canonical form only.
 *
 * Exactly one text stands for each value: no line breaks, no other alphabet,
 * padding where it belongs, and the bits that padding leaves over are zero.
 * For SASL and stored keys; the forgiving reader of message bodies belongs to
 * lib/mime.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

/* Octets of text for `len` octets of value. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)

bool put_base64(struct buf *b, struct span s);

/* Append the value of `text` to `out`.
 *
 * base64_syntax  not canonical, or longer than `out` has room for; `out` is
 *                unchanged then
 */
FALLIBLE base64_decode(struct span text, struct buf *out);
