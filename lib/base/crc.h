/* crc.h -- CRC-32C (Castagnoli), RFC 3720 section 12.1: is a record whole?
 *
 * It finds accidents, not attackers; those meet a MAC or a hash.
 */
#pragma once

#include "lib/base/span.h"

/* The checksum of what `seed` is the checksum of, followed by `s`.  Start with
 * 0; crc32c(crc32c(0, a), b) is the checksum of a and b together. */
uint32_t crc32c(uint32_t seed, struct span s);

/* The same without the processor's instruction, for processors that have none
 * and for the test that compares the two. */
uint32_t crc32c_portable(uint32_t seed, struct span s);
