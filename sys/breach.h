/* breach.h -- is a password in a list of breached ones?
 *
 * The list is a text file as Have I Been Pwned hands it out, ordered by hash:
 * one line each, the SHA-1 of a password in 40 hexadecimal digits, perhaps ":"
 * and a count behind it.  It is searched by bisection, some thirty reads of a
 * file of any size.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

/* sys_failed      the file cannot be read
 * record_damaged  a line that was looked at is no such line */
FALLIBLE breach_find(const char *path, struct span password, bool *found);
