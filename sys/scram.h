/* scram.h -- what a server keeps for SCRAM-SHA-256, RFC 5802 section 3 and
 * RFC 7677.  crypto_start comes first.
 *
 * Passwords are printable ASCII (state/users/rules.h), so that SASLprep
 * (RFC 4013) leaves them as they are.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

#define SCRAM_SALT       16
#define SCRAM_KEY        32
#define SCRAM_ITERATIONS 60000 /* RFC 7677 section 4: at least 4096; clients
				* with Cyrus SASL compute 65,536 at most */

struct scram_keys {
	uint8_t salt[SCRAM_SALT];
	uint8_t stored[SCRAM_KEY];
	uint8_t server[SCRAM_KEY];
	uint32_t iterations;
};

/* StoredKey and ServerKey for k->salt and k->iterations.
 *
 * password_failed  the library refused */
FALLIBLE scram_derive(struct span password, struct scram_keys *k);

/* The same with a fresh salt and SCRAM_ITERATIONS. */
FALLIBLE scram_make(struct span password, struct scram_keys *k);
