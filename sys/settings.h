/* settings.h -- a site's settings file, read from the disk. */
#pragma once

#include "lib/base/fault.h"
#include "lib/conf/addresses.h"
#include "lib/conf/errors.h"
#include "lib/conf/site.h"

/* As conf_parse, and the represented domains are names that may be registered
 * (sys/idn.h).
 *
 * conf_refused  see errors */
FALLIBLE settings_parse(struct span text, struct instant now, struct site *out,
	struct conf_errors *errors);

/* Read and compile the settings at `path`.
 *
 * errors  everything that is wrong with the file, also when it could not be
 *         read or is writable by others; empty on OK but for warnings
 * out     meaningful on OK only
 *
 * sys_failed  see errors */
FALLIBLE settings_load(const char *path, struct instant now, struct site *out,
	struct conf_errors *errors);

/* Is the file of addresses that they name good, too?  Settings that name none
 * are.
 *
 * conf_refused, sys_failed  see errors; their lines are of that file */
FALLIBLE settings_check_addresses(const struct site *site, struct instant now,
	struct conf_errors *errors);

/* The same, and what is in it; empty when the settings name none. */
FALLIBLE settings_load_addresses(const struct site *site, struct instant now,
	struct addresses *out, struct conf_errors *errors);
