#include "lib/base/siphash.h"

#include <endian.h>

struct state {
	uint64_t a, b, c, d;
};

static uint64_t
load(const uint8_t *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof n);
	return le64toh(n);
}

static uint64_t
rotate(uint64_t n, unsigned bits)
{
	return n << bits | n >> (64 - bits);
}

static void
mix(struct state *s, unsigned rounds)
{
	while (rounds-- > 0) {
		s->a += s->b;
		s->b = rotate(s->b, 13) ^ s->a;
		s->a = rotate(s->a, 32);
		s->c += s->d;
		s->d = rotate(s->d, 16) ^ s->c;
		s->a += s->d;
		s->d = rotate(s->d, 21) ^ s->a;
		s->c += s->b;
		s->b = rotate(s->b, 17) ^ s->c;
		s->c = rotate(s->c, 32);
	}
}

static void
add(struct state *s, uint64_t word)
{
	s->d ^= word;
	mix(s, 2);
	s->a ^= word;
}

/* The octets that fill no word, with the length on top. */
static uint64_t
last_word(struct span rest, size_t len)
{
	uint64_t word = (uint64_t)len << 56;

	for (size_t i = 0; i < rest.len; i++)
		word |= (uint64_t)rest.at[i] << 8 * i;
	return word;
}

uint64_t
siphash(const struct siphash_key *key, struct span s)
{
	uint64_t low = load(key->octets), high = load(key->octets + 8);
	struct state v = { low ^ 0x736f6d6570736575, high ^ 0x646f72616e646f6d,
		low ^ 0x6c7967656e657261, high ^ 0x7465646279746573 };
	struct span rest = s;

	for (; rest.len >= 8; span_shift_upto(&rest, 8))
		add(&v, load(rest.at));
	add(&v, last_word(rest, s.len));
	v.c ^= 0xff;
	mix(&v, 4);
	return v.a ^ v.b ^ v.c ^ v.d;
}
