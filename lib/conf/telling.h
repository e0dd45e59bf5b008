/* telling.h -- words and numbers that tell a stranger what to look up: products,
 * systems, versions (NC-2.1.3).  The settings refuse host names with such words,
 * replies are inspected for them, and so are the programs when they are built
 * (tools/check-strings). */
#pragma once

#include "lib/base/span.h"

/* Is it one of the words?  Any case. */
bool telling_is_word(struct span word);

/* The first word, or number like that of a version, in `text`; words of `host`
 * are known anyhow.  SPAN_NONE: there is none.  The code of a reply, RFC 3463
 * status codes, addresses and the versions of TLS are no versions of ours. */
struct span telling_find(struct span text, struct span host);
