/* append.h -- files that only grow. */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

/* Open `name` below `directory` for appending; made with mode 0600 if missing.
 * Never follows a link. */
FALLIBLE append_open(int directory, const char *name, int *out);

/* Write all of it at the end.
 *
 * storage_failed, storage_full  a part may have been written */
FALLIBLE append_write(int fd, struct span octets);
