/* survey.h -- the hourly look at the host: sockets that wait (NC-2.1.1) and
 * accounts that are there by default (NC-2.1.2).
 *
 * Every look is an event, every finding another.  On a host that is not the
 * site's alone (site_owns_host) only what the site itself
 * holds is judged, and the event says so.
 */
#pragma once

/* Look, and plan the next look; master is a struct master, as a timer has it. */
void survey_host(void *master);
