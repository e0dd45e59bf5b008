/* performance.h -- the signed performance standard of a site: files beside each
 * other, PATH of the settings, PATH.pub (public key) and PATH.key (private).
 *
 * The private key is made when the first standard is written and may then be
 * kept elsewhere: whoever only checks needs the public one.
 */
#pragma once

#include "lib/policy/capacity.h"

/* Read and verify.
 *
 * capacity_missing   there is no such file
 * capacity_syntax    it is none
 * capacity_unsigned  the signature is not that of PATH.pub */
FALLIBLE performance_load(const char *path, struct capacity *out);

/* Sign and write.
 *
 * capacity_unsigned  PATH.pub is there but PATH.key is not: it is kept
 * elsewhere storage_full, storage_failed */
FALLIBLE performance_save(const char *path, const struct capacity *c,
	struct span host, struct instant now);
