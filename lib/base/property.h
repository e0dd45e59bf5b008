/* property.h -- one property, three engines.
 *
 * A property is written once with ANY, ASSUME and MUST.  `make check` draws
 * ANY at random, 100,000 times from a seed that it prints; CBMC, where it is
 * installed, takes every value (`make prove`).  Only x_proof.c files include
 * this.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __CPROVER__

#define ANY(type, name) type name
#define ASSUME(c)       __CPROVER_assume(c)
#undef MUST
#define MUST(c)         __CPROVER_assert(c, #c)
#define PROPERTY(name)  void name(void)

#else

#include "lib/base/must.h"

static uint64_t property_state;

static inline uint64_t
property_draw(void)
{
	uint64_t z = property_state += 0x9e3779b97f4a7c15u; /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	/* small values and extremes are where the faults are */
	switch (z & 7) {
	case 0:
		return (z >> 8) & 15;
	case 1:
		return UINT64_MAX - ((z >> 8) & 3);
	default:
		return z >> 3;
	}
}

#define ANY(type, name)                              \
	type name;                                   \
	do {                                         \
		uint64_t drawn_ = property_draw();   \
		memcpy(&name, &drawn_, sizeof name); \
	} while (0)
#define ASSUME(c)    \
	if (!(c))    \
	return
#define PROPERTY(name)                                                       \
	static void name(void);                                              \
	int main(int argc, char **argv)                                      \
	{                                                                    \
		uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20261124; \
                                                                             \
		property_state = seed;                                       \
		printf("%s: seed %llu\n", #name, (unsigned long long)seed);  \
		for (int i = 0; i < 100000; i++)                             \
			name();                                              \
		printf("1 passed, 0 failed\n");                              \
		return 0;                                                    \
	}                                                                    \
	static void name(void)

#endif
