/* undo.h -- files and directories made in one go, or none of them.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/span.h"

#define UNDO_MOST 16

struct undo {
	char made[UNDO_MOST][512]; /* in the order of their making */
	int count;
};

/* Each prints what went wrong and returns false; nothing is undone yet. */
bool undo_directory(struct undo *u, const char *path, mode_t mode);
bool undo_file(struct undo *u, const char *path, mode_t mode,
	struct span octets);

/* A file that somebody else made: to be removed as well. */
void undo_note(struct undo *u, const char *path);

/* Remove everything that was made, the last first. */
void undo_all(struct undo *u);
