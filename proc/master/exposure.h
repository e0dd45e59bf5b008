/* exposure.h -- may this site run here?  (NC-2.1.9) */
#pragma once

#include "lib/conf/site.h"

/* Is the site of the role that this build is for, and, on a host that only
 * sends, does nothing on this host receive mail or let others reach loopback?
 * Says on standard error and in the log what is in the way. */
bool exposure_admits(const struct site *s);
