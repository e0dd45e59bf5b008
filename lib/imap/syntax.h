/* syntax.h -- the words of IMAP, RFC 3501 section 9.
 *
 * Each take_ function is one rule of the grammar: it removes the whole rule
 * from the front of *in and returns true, or returns false and the parse is
 * over.  Strings are handed out as they stand in the command; only a quoted
 * string with a backslash is copied into `scratch`.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/time.h"

bool take_sp(struct span *in);

/* tag = 1*<any ASTRING-CHAR except "+">, at most 64 octets */
bool take_tag(struct span *in, struct span *out);

/* atom = 1*ATOM-CHAR */
bool take_atom(struct span *in, struct span *out);

/* string = quoted / literal */
bool take_string(struct span *in, struct buf *scratch, struct span *out);

/* astring = 1*ASTRING-CHAR / string */
bool take_astring(struct span *in, struct buf *scratch, struct span *out);

/* list-mailbox = 1*list-char / string */
bool take_list_mailbox(struct span *in, struct buf *scratch, struct span *out);

/* number and nz-number, 32 bits */
bool take_number(struct span *in, uint32_t *out);
bool take_nz_number(struct span *in, uint32_t *out);

/* date = date-text / DQUOTE date-text DQUOTE; the day begins at *out, UTC */
bool take_date(struct span *in, struct instant *out);

/* date-time = DQUOTE date-day-fixed "-" month "-" year SP time SP zone DQUOTE */
bool take_date_time(struct span *in, struct instant *out);

/* Can `s` be written as an atom? */
bool is_atom(struct span s);
