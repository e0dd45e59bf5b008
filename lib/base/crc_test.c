#include "lib/base/crc.h"

#include "lib/base/test.h"

static const uint8_t zeros[32], ones[32] = { [0 ... 31] = 0xff };
static const uint8_t up[32] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
	14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };
static const uint8_t down[32] = { 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21,
	20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1,
	0 };

/* RFC 3720 section B.4, and the check value of the catalogue of CRCs. */
static const struct {
	const char *what;
	struct span in;
	uint32_t crc;
} vectors[] = {
	{ "nothing", { NULL, 0 }, 0 },
	{ "32 octets of zeros", { zeros, 32 }, 0x8a9136aa },
	{ "32 octets of ones", { ones, 32 }, 0x62a8ab43 },
	{ "32 octets counting up", { up, 32 }, 0x46dd794e },
	{ "32 octets counting down", { down, 32 }, 0x113fdb5c },
	{ "the nine digits", SPAN("123456789"), 0xe3069283 },
};

TEST(crc32c_gives_the_published_values)
{
	EACH_CASE(c, vectors) {
		CHECK_NUMBER(crc32c(0, c->in), c->crc);
		CHECK_NUMBER(crc32c_portable(0, c->in), c->crc);
	}
}

/* Every length and alignment up to some words, cut at every place. */
TEST(both_ways_agree_and_may_be_cut_anywhere)
{
	uint8_t octets[64];

	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (uint8_t)(i * 151 + 7);
	for (size_t from = 0; from < 8; from++)
		for (size_t len = 0; from + len <= sizeof octets; len++) {
			struct span all = span_at(octets + from, len);
			uint32_t crc = crc32c(0, all);
			struct span head = span_shift_upto(&all, len / 3);

			CHECK(crc32c_portable(0, head) == crc32c(0, head));
			CHECK_NUMBER(crc32c(crc32c(0, head), all), crc);
			CHECK_NUMBER(crc32c_portable(crc32c(0, head), all),
				crc);
		}
}
