/* rules.h -- what one setting alone cannot get wrong, but several can.
 */
#pragma once

#include "lib/conf/errors.h"
#include "lib/conf/schema.h"

#define SETTINGS_MOST 128 /* rows of the schema, at most */

/* Where things stood in the file; 0: the default holds. */
struct conf_lines {
	uint32_t setting[SETTINGS_MOST]; /* by row; lists: the last one  */
	uint32_t permit[SITE_PERMITS];
	uint32_t domain[SITE_DOMAINS];
};

/* Judge a site whose settings are each right by themselves. */
void conf_judge(const struct site *s, const struct conf_lines *lines,
	struct instant now, struct conf_errors *errors);
