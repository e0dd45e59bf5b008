/* password.h -- passwords as they are kept: verifiers that say whether a
 * password is right and cannot be turned back into it.
 *
 * Argon2id (RFC 9106) with libsodium's interactive limits: 2 passes over
 * 64 MiB, some 70 ms of one core.  PASSWORD_MEMORY is what one call needs
 * beside the process; auth's memory limit allows for it.  mac_start (sodium)
 * comes first.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

#define PASSWORD_VERIFIER 128 /* octets, NUL padded: "$argon2id$v=19$..." */
#define PASSWORD_MEMORY   ((uint64_t)64 << 20)
#define PASSWORD_LONGEST  256 /* octets of a password */

/* The verifier of `password`, 1 to PASSWORD_LONGEST octets.
 *
 * password_failed  no memory */
FALLIBLE password_hash(struct span password, char out[PASSWORD_VERIFIER]);

/* Is it the password?  False also for a verifier that is none, after the same
 * time: an unknown login must not be told from a wrong password (NC-2.2.c), so
 * callers without a record pass password_nobody. */
bool password_holds(const char verifier[PASSWORD_VERIFIER],
	struct span password);

/* A verifier that no password fits, as costly as a real one. */
const char *password_nobody(void);

/* A new random password of 100 bits, "k7rwm-...": 23 octets appended. */
bool password_make(struct buf *b);

/* Forget `len` octets; the compiler cannot leave it out. */
void password_wipe(void *at, size_t len);
