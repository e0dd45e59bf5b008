/* conf.h -- a settings file becomes a site, or a list of what is wrong.
 *
 *	file    = *line
 *	line    = [ name value / section ] [ comment ] LF
 *	section = noun [ label ] "{" *( name value / LF ) "}"
 *
 * A setting stands once, a list's as often as the list may be long.  There is
 * no escape, no include and no expansion.  A site is made of the whole file or
 * not at all: after a fault the old one stays in force.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/conf/errors.h"
#include "lib/conf/site.h"

#define CONF_LARGEST (256 * 1024) /* octets of a file */

/* Read a whole file.
 *
 * now     decides which permits have expired
 * out     all zero octets after a fault, so that it is no sound site
 * errors  every error and warning, by line; warnings come with success too
 *
 * conf_refused  errors->refused is not 0
 */
FALLIBLE conf_parse(struct span text, struct instant now, struct site *out,
	struct conf_errors *errors);

/* Append the site as a file with every setting in it, defaults too; parsed
 * again it gives the same site.  False when `b` is too small (64 KiB are
 * enough). */
bool put_site(struct buf *b, const struct site *s);
