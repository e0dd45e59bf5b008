/* names.h -- mailbox names: UTF-8 with "/" between components. */
#pragma once

#include "lib/base/span.h"

/* 1 to MAILBOX_NAME_MAX octets, no control, no empty component; "INBOX" in
 * any other case is not sound, for it would be a second one. */
bool name_is_sound(struct span name);

bool name_is_inbox(struct span name);

/* Is `name` "above/..."? */
bool name_is_below(struct span name, struct span above);

/* "a/b" of "a/b/c"; SPAN_NONE when nothing is above. */
struct span name_parent(struct span name);
