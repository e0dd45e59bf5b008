/* give.h -- what a process is handed, as messages with descriptors.
 *
 * A process that cannot be told something is dead or dying: reaping it is what
 * comes next, so nothing here can fail.  One that does not read is ended.
 */
#pragma once

#include "proc/master/process.h"

/* Everything that belongs to its role.  The log comes before the files, so that
 * what a role says of them is kept. */
void give_all(struct master *m, struct process *p);

void give_go(struct process *p);
void give_stop(struct process *p);

/* One descriptor; -1 gives nothing. */
void give_file(struct process *p, enum file_purpose purpose, int fd);

void give_session(struct process *p, const struct session_open *s, int stream);

/* New settings, to everybody that runs: with the certificate, the key and the
 * other files that may have been replaced. */
void give_settings_to_all(struct master *m);

/* To the role that serves the permit: its socket, or that it ended. */
void give_listener(struct master *m, uint32_t permit);
void give_listener_end(struct master *m, uint32_t permit);
