/* fuzz.h -- fuzz targets: a law that must hold for every input.
 *
 *	FUZZ(struct span input)
 *	{
 *		MUST(shorten(shorten(input)) == shorten(input));
 *	}
 *
 * libFuzzer supplies main().  Only x_fuzz.c files include this.
 */
#pragma once

#include <stdint.h>

#include "lib/base/must.h"
#include "lib/base/span.h"

#define FUZZ(parameter)                                               \
	static void fuzz_law(parameter);                              \
	int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);    \
	int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)     \
	{                                                             \
		fuzz_law((struct span){ at, len });                   \
		return 0;                                             \
	}                                                             \
	static void fuzz_law(parameter)

/* Fold a span into a running digest: order and boundaries count (FNV-1a). */
static inline uint64_t
digest_add(uint64_t digest, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		digest = (digest ^ s.at[i]) * 0x100000001b3u;
	return (digest ^ 0x1ff ^ s.len) * 0x100000001b3u;
}
