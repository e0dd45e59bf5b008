/* settings.h -- the settings in force, and how others take their place. */
#pragma once

#include "proc/master/process.h"

/* Read m->site from the file m->settings; says what is wrong with it. */
FALLIBLE settings_read(struct master *m);

/* Start the processes with m->site and hand out what listens. */
FALLIBLE settings_start(struct master *m);

/* Use what the file says now.  A fault leaves all as it was: settings, sockets
 * and what the roles know.
 *
 * session_stopping  the site is */
FALLIBLE settings_reload(struct master *m);

/* Close the sockets whose permit ended, and plan the next look; master is a
 * struct master, as a timer has it. */
void settings_follow_permits(void *master);
