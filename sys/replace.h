/* replace.h -- small files that are replaced whole, and locks between the
 * operator's commands.  Paths end in NUL and have at most 500 octets.
 */
#pragma once

#include <sys/types.h>

#include "lib/base/fault.h"
#include "lib/base/span.h"

/* Make `path` hold exactly `octets`, with these permission bits.  After a crash
 * it holds the old content or the new: a temporary file beside it is synced,
 * renamed, and the directory synced.
 *
 * storage_full, storage_failed  the old content stays */
FALLIBLE replace_whole(const char *path, mode_t mode, struct span octets);

/* As replace_whole for a file that must not exist yet.
 *
 * file_exists  it does; nothing is changed */
FALLIBLE replace_create(const char *path, mode_t mode, struct span octets);

/* Take the lock of `path` (the file "path.lock" beside it, made if need be) or
 * wait for it for at most five seconds; closing *out gives it back.
 *
 * file_busy  another command holds it */
FALLIBLE replace_lock(const char *path, int *out);
