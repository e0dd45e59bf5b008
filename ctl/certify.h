/* certify.h -- the first key and certificate of a site.
 */
#pragma once

#include "ctl/undo.h"

/* Make in `directory`, each file new:
 *	key.pem          private key, mode 0600
 *	request.pem      to be sent to an authority
 *	certificate.pem  a certificate of our own for `host`, for one year
 *	authority.pem    what its clients must trust until the real one is there
 *
 * The authority exists for this moment only: its key is forgotten, so nothing
 * else will ever bear its signature.  Prints what went wrong and returns false;
 * nothing is undone yet. */
bool certify_host(struct undo *u, const char *directory, const char *host,
	const char *domain);
