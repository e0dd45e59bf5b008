/* escape.h -- foreign octets for the eyes of an operator and for the log.
 *
 * What a peer sent may hold line ends, terminal commands, text that runs
 * backwards or octets that are no text at all.  Both writers put printable ASCII
 * only, so one value never becomes two lines (security rule O1).
 */
#pragma once

#include "lib/base/buf.h"

/* A JSON string with its quotes.  Well-formed UTF-8 beyond ASCII becomes \uXXXX
 * (a pair of surrogates above U+FFFF); an octet that is no UTF-8 becomes the
 * text \xNN.  Nothing is appended when it does not fit. */
bool put_json_string(struct buf *b, struct span s);

/* For a terminal: octets that are not printable ASCII, and the backslash, as
 * \xNN.  Nothing is appended when it does not fit. */
bool put_printable(struct buf *b, struct span s);

/* Remove and return one well-formed UTF-8 character (RFC 3629) off the front;
 * false, and *s as it was, when there is none. */
bool take_utf8(struct span *s, uint32_t *character);

bool utf8_is_valid(struct span s);
