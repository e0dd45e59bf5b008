/* log_days.h -- the files of the log directory: one a day, one event a line of
 * JSON (state/log/row.h). */
#pragma once

#include <stdio.h>

#include "ctl/command.h"

/* One line with its end; more than that long there is none. */
typedef void on_line(void *owner, const char *line);

/* Whole lines from where `file` stands; one that is still being written is left
 * for the next time. */
void log_read_rest(FILE *file, on_line *f, void *owner);

/* "DIRECTORY/NAME" */
void log_path(const struct site *s, const char *name, char out[600]);

/* Every line of every day, the oldest first.
 *
 * since  "YYYY-MM-DD": not the days before; NULL: all
 *
 * Returns -1, or the exit code after a message. */
int log_each_line(const struct site *s, const char *since, on_line *f,
	void *owner);
