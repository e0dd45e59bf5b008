#include "sys/crypto.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/test.h"
#include "sys/mac.h"

static void
check_hex(const uint8_t out[32], const char *want)
{
	uint8_t room[64];
	struct buf hex = BUF(room);

	CHECK(buf_put_hex(&hex, span_at(out, 32)));
	CHECK_SPAN(buf_view(&hex), want);
}

/* FIPS 180-4 examples. */
static const struct {
	const char *what, *in, *out;
} hashes[] = {
	{ "nothing", "",
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "one block", "abc",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "two blocks",
	  "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

TEST(sha256_gives_the_published_values)
{
	uint8_t out[SHA256_OCTETS];

	CHECK_OK(crypto_start());
	EACH_CASE(c, hashes) {
		sha256(span_of(c->in), out);
		check_hex(out, c->out);
	}
}

TEST(sha256_does_not_see_the_pieces)
{
	CHECK_OK(crypto_start());
	EACH_CASE(c, hashes) {
		for (size_t piece = 1; piece < 8; piece++) {
			struct span in = span_of(c->in);
			uint8_t out[SHA256_OCTETS];
			struct sha256 h;

			sha256_begin(&h);
			while (in.len > 0)
				sha256_add(&h, span_shift_upto(&in, piece));
			sha256_end(&h, out);
			check_hex(out, c->out);
			sha256_drop(&h);
		}
	}
}

/* RFC 4231 sections 4.3 and 4.2 */
static const struct {
	const char *what, *key, *in, *out;
} macs[] = {
	{ "a short key", "Jefe", "what do ya want for nothing?",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "a binary key",
	  "\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v", "Hi There",
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
};

TEST(hmac_sha256_gives_the_published_values)
{
	uint8_t out[SHA256_OCTETS];

	CHECK_OK(crypto_start());
	EACH_CASE(c, macs) {
		hmac_sha256(span_of(c->key), span_of(c->in), out);
		check_hex(out, c->out);
	}
}

TEST(octets_equal_looks_at_every_octet)
{
	CHECK(octets_equal(SPAN("abc"), SPAN("abc")));
	CHECK(octets_equal(SPAN(""), SPAN("")));
	CHECK(!octets_equal(SPAN("abc"), SPAN("abd")));
	CHECK(!octets_equal(SPAN("abc"), SPAN("ab")));
}

TEST(random_octets_do_not_repeat)
{
	uint8_t a[32], b[32];

	CHECK_OK(crypto_start());
	random_octets(a, sizeof a);
	random_octets(b, sizeof b);
	CHECK(memcmp(a, b, sizeof a) != 0);
}

TEST(mac_holds_for_its_own_key_and_text_only)
{
	struct mac_key key, other;
	uint8_t tag[MAC_OCTETS];
	struct span text = SPAN("verdict");

	mac_start();
	mac_key_make(&key);
	mac_key_make(&other);
	mac_make(&key, text, tag);
	CHECK(mac_holds(&key, text, tag));
	CHECK(!mac_holds(&other, text, tag));
	CHECK(!mac_holds(&key, SPAN("Verdict"), tag));
	for (size_t i = 0; i < MAC_OCTETS; i++) {
		tag[i] ^= 1;
		CHECK(!mac_holds(&key, text, tag));
		tag[i] ^= 1;
	}
}
