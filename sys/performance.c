#include "sys/performance.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/crypto.h"
#include "sys/ed25519.h"
#include "sys/fd.h"
#include "sys/replace.h"

_Static_assert(
	CAPACITY_SIGNATURE == ED25519_SIGNATURE, "one kind of signature");

#define TEXT_MAX 3072
#define PATH_MAX_ 300

static void
beside(const char *path, const char *ending, char out[PATH_MAX_])
{
	snprintf(out, PATH_MAX_, "%s%s", path, ending);
}

static FALLIBLE
read_file(const char *path, struct buf *out)
{
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return &fault_capacity_missing;
	return fd_read_whole(fd, out);
}

static FALLIBLE
read_key(const char *path, const char *ending, uint8_t key[32])
{
	char name[PATH_MAX_];
	struct buf b = { key, 0, 32 };

	beside(path, ending, name);
	TRY(read_file(name, &b));
	return b.len == 32 ? OK : &fault_capacity_unsigned;
}

FALLIBLE
performance_load(const char *path, struct capacity *out)
{
	uint8_t text[TEXT_MAX], key[ED25519_PUBLIC];
	struct buf b = BUF(text);

	TRY(read_file(path, &b));
	TRY(capacity_parse(buf_view(&b), out));
	if (read_key(path, ".pub", key) ||
		!ed25519_is_signed(
			key, span_at(text, out->signed_len), out->signature))
		return &fault_capacity_unsigned;
	return OK;
}

static FALLIBLE
make_key(const char *path, uint8_t seed[ED25519_SEED])
{
	uint8_t key[ED25519_PUBLIC];
	char name[PATH_MAX_];

	random_octets(seed, ED25519_SEED);
	ed25519_public(seed, key);
	beside(path, ".key", name);
	TRY(replace_create(name, 0600, span_at(seed, ED25519_SEED)));
	beside(path, ".pub", name);
	return replace_whole(name, 0644, span_at(key, sizeof key));
}

/* A new key only where there never was one: else anybody who can write here
 * could sign. */
static FALLIBLE
find_key(const char *path, uint8_t seed[ED25519_SEED])
{
	uint8_t key[ED25519_PUBLIC], known[ED25519_PUBLIC];

	if (read_key(path, ".pub", known))
		return make_key(path, seed);
	if (read_key(path, ".key", seed))
		return &fault_capacity_unsigned;
	ed25519_public(seed, key);
	return octets_equal(
		       span_at(key, sizeof key), span_at(known, sizeof known))
		? OK
		: &fault_capacity_unsigned;
}

FALLIBLE
performance_save(const char *path, const struct capacity *c, struct span host,
	struct instant now)
{
	uint8_t text[TEXT_MAX], seed[ED25519_SEED],
		signature[ED25519_SIGNATURE];
	struct buf b = BUF(text);
	const struct fault *f;

	if (!put_capacity(&b, c, host, now))
		return &fault_storage_full;
	f = find_key(path, seed);
	if (!f)
		ed25519_sign(seed, buf_view(&b), signature);
	explicit_bzero(seed, sizeof seed);
	TRY(f);
	if (!put_capacity_signature(&b, signature))
		return &fault_storage_full;
	return replace_whole(path, 0644, buf_view(&b));
}
