/* settle.h -- a new settings file, of which only a good one is written. */
#pragma once

#include "ctl/undo.h"
#include "lib/base/time.h"

/* Prints every mistake and returns false when `posthold conf check` would not
 * take `text`, or when the file is there already; nothing is undone yet. */
bool settle(struct undo *u, const char *path, struct span text,
	struct instant now);
