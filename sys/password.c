#include "sys/password.h"

#include <sodium.h>

#include "lib/base/must.h"

#define GROUPS       4
#define GROUP_OCTETS 5

_Static_assert(PASSWORD_VERIFIER == crypto_pwhash_STRBYTES,
	"libsodium's verifiers have this size");
_Static_assert(PASSWORD_MEMORY == crypto_pwhash_MEMLIMIT_INTERACTIVE,
	"libsodium's interactive limit");

FALLIBLE
password_hash(struct span password, char out[PASSWORD_VERIFIER])
{
	char verifier[PASSWORD_VERIFIER];

	MUST(password.len > 0 && password.len <= PASSWORD_LONGEST);
	if (crypto_pwhash_str_alg(verifier, (const char *)password.at,
		    password.len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
		    crypto_pwhash_MEMLIMIT_INTERACTIVE,
		    crypto_pwhash_ALG_ARGON2ID13) != 0)
		return &fault_password_failed;
	memcpy(out, verifier, sizeof verifier);
	return OK;
}

/* The verifier's octets decide how much memory is used, so one with other
 * costs than ours is not even tried. */
static bool
has_our_cost(const char verifier[PASSWORD_VERIFIER])
{
	return verifier[PASSWORD_VERIFIER - 1] == 0 &&
		crypto_pwhash_str_needs_rehash(verifier,
			crypto_pwhash_OPSLIMIT_INTERACTIVE,
			crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
}

bool
password_holds(const char verifier[PASSWORD_VERIFIER], struct span password)
{
	bool ours = has_our_cost(verifier) &&
		password.len <= PASSWORD_LONGEST;
	const char *against = ours ? verifier : password_nobody();

	return crypto_pwhash_str_verify(against, (const char *)password.at,
		       ours ? password.len : 0) == 0 &&
		ours;
}

const char *
password_nobody(void)
{
	/* of 32 random octets that were not kept */
	static const char nobody[PASSWORD_VERIFIER] =
		"$argon2id$v=19$m=65536,t=2,p=1$T1HnzsMqfdrBLEiZx9BcuQ"
		"$M79yvQsAffpOHbt9G68dn5XwaGe7npfWYv+Z8RDx5C8";

	return nobody;
}

/* Letters and digits that are not taken for one another. */
bool
password_make(struct buf *b)
{
	static const uint8_t letter[32] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t text[GROUPS * (GROUP_OCTETS + 1)];
	struct buf made = BUF(text);

	for (size_t i = 0; i < GROUPS; i++) {
		MUST(i == 0 || buf_push(&made, '-'));
		for (size_t j = 0; j < GROUP_OCTETS; j++)
			MUST(buf_push(&made, letter[randombytes_uniform(
						     sizeof letter)]));
	}
	return buf_put(b, buf_view(&made));
}

void
password_wipe(void *at, size_t len)
{
	sodium_memzero(at, len);
}
