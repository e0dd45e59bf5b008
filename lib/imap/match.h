/* match.h -- the wildcards of LIST, RFC 3501 section 6.3.8. */
#pragma once

#include "lib/base/span.h"

/* Does reference + pattern match the name?  "*" is any octets, "%" any
 * without "/".  INBOX in front is matched in any case.  Time is in proportion
 * to name.len * pattern.len at most; nothing recurses. */
bool list_match(struct span reference, struct span pattern, struct span name);
