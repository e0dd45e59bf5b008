#include "lib/base/crc.h"

#include <endian.h>

/* The checksum is linear: an octet's row entry is the exclusive or of the
 * entries of its bits, so eight constants make a table of 256. */
#define BIT(i, n, x) (((i) >> (n)&1u) * (x))
#define ONE(i, a, b, c, d, e, f, g, h)                          \
	BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ \
		BIT(i, 4, e) ^ BIT(i, 5, f) ^ BIT(i, 6, g) ^ BIT(i, 7, h)
#define FOUR(i, ...)                                       \
	ONE((i), __VA_ARGS__), ONE((i) + 1, __VA_ARGS__),  \
		ONE((i) + 2, __VA_ARGS__), ONE((i) + 3, __VA_ARGS__)
#define SIXTEEN(i, ...)                                       \
	FOUR((i), __VA_ARGS__), FOUR((i) + 4, __VA_ARGS__),   \
		FOUR((i) + 8, __VA_ARGS__), FOUR((i) + 12, __VA_ARGS__)
#define SIXTY_FOUR(i, ...)                                          \
	SIXTEEN((i), __VA_ARGS__), SIXTEEN((i) + 16, __VA_ARGS__),  \
		SIXTEEN((i) + 32, __VA_ARGS__),                     \
		SIXTEEN((i) + 48, __VA_ARGS__)
#define ROW(...)                                                     \
	SIXTY_FOUR(0u, __VA_ARGS__), SIXTY_FOUR(64u, __VA_ARGS__),   \
		SIXTY_FOUR(128u, __VA_ARGS__),                       \
		SIXTY_FOUR(192u, __VA_ARGS__)

/* ahead[k][i]: what octet `i` adds when `k` octets follow it. */
static const uint32_t ahead[8][256] = {
	{ ROW(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf,
		0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78) },
	{ ROW(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8,
		0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9) },
	{ ROW(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5,
		0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743) },
	{ ROW(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6,
		0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f) },
	{ ROW(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91,
		0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c) },
	{ ROW(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f,
		0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6) },
	{ ROW(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53,
		0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4) },
	{ ROW(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da,
		0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664) },
};

static uint64_t
load_u64(const uint8_t *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof n);
	return le64toh(n);
}

/* Eight octets a turn, one table for each distance from the end. */
uint32_t
crc32c_portable(uint32_t seed, struct span s)
{
	uint32_t crc = ~seed;

	for (; s.len >= 8; span_shift_upto(&s, 8)) {
		uint64_t n = load_u64(s.at) ^ crc;

		crc = 0;
		for (unsigned i = 0; i < 8; i++)
			crc ^= ahead[7 - i][n >> 8 * i & 255];
	}
	for (; s.len > 0; span_shift(&s))
		crc = crc >> 8 ^ ahead[0][(crc ^ *s.at) & 255];
	return ~crc;
}

#ifdef __x86_64__

__attribute__((target("sse4.2"))) static uint32_t
crc32c_by_instruction(uint32_t seed, struct span s)
{
	uint64_t crc = ~seed;
	const uint8_t *at = s.at, *end = s.at + s.len;

	for (; end - at >= 8; at += 8)
		crc = __builtin_ia32_crc32di(crc, load_u64(at));
	for (; at < end; at++)
		crc = __builtin_ia32_crc32qi((uint32_t)crc, *at);
	return ~(uint32_t)crc;
}

uint32_t
crc32c(uint32_t seed, struct span s)
{
	return __builtin_cpu_supports("sse4.2") ? crc32c_by_instruction(seed, s)
						: crc32c_portable(seed, s);
}

#else

uint32_t
crc32c(uint32_t seed, struct span s)
{
	return crc32c_portable(seed, s);
}

#endif
