/* escape.h -- foreign octets made harmless before people or logs see them.
 *
 * Everything that leaves these functions is printable ASCII on one line: no
 * control, no line separator of any alphabet, no code point that is invisible
 * or turns the direction of writing.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/utf8.h"

/* `s` as a JSON string with its quotes, RFC 8259 section 7.  Code points
 * beyond ASCII become \uXXXX; an octet that is not UTF-8 becomes the four
 * characters \xNN in the decoded string. */
bool put_json_string(struct buf *b, struct span s);

/* `s` for an operator's eyes: printable ASCII as it is, every other octet as
 * \xNN.  Doing it twice is the same as doing it once. */
bool put_printable(struct buf *b, struct span s);
