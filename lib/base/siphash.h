/* siphash.h -- SipHash-2-4 (Aumasson and Bernstein, 2012): a hash of foreign
 * octets for tables.
 *
 * Without the key nobody can choose inputs that collide (rule P9).  The key is
 * drawn at random when a process starts and never leaves it.  This is no hash
 * to identify a body by.
 */
#pragma once

#include "lib/base/span.h"

struct siphash_key {
	uint8_t octets[16];
};

uint64_t siphash(const struct siphash_key *key, struct span s);
