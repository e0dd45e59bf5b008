#include "state/users/users.h"

#include <stdlib.h>

#include "lib/base/must.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/mac.h"

_Static_assert(sizeof(struct user) == USERS_RECORD, "records have one size");
_Static_assert(sizeof(struct extra) == EXTRA_RECORD, "these, too");
_Static_assert(sizeof(struct users_header) == USERS_RECORD, "as the header");

#define KEY_LONGEST 320 /* of an address, RFC 5321 section 4.5.3.1 */

/* Open addressing: at least half of the places stay free. */
struct table {
	uint32_t *places; /* index of a user + 1; 0: free */
	size_t size;      /* a power of two               */
};

struct users {
	struct users_header header;
	void *file;    /* all of it */
	size_t octets;
	const struct user *at;
	const struct extra *extras;
	struct table logins, addresses;
	struct mac_key key; /* names come from peers: no chosen collisions */
};

void
user_checksum(const struct user *user, uint8_t out[SCRAM_KEY])
{
	sha256(span_at(user, offsetof(struct user, checksum)), out);
}

void
extra_checksum(const struct extra *extra, uint8_t out[SCRAM_KEY])
{
	sha256(span_at(extra, offsetof(struct extra, checksum)), out);
}

void
users_header_checksum(const struct users_header *h, uint8_t out[SCRAM_KEY])
{
	sha256(span_at(h, offsetof(struct users_header, checksum)), out);
}

/* --- lookup ---------------------------------------------------------------- */

/* `s` in lower case, or SPAN_NONE when no key is that long. */
static struct span
lower(struct span s, uint8_t out[KEY_LONGEST])
{
	if (s.len > KEY_LONGEST)
		return SPAN_NONE;
	for (size_t i = 0; i < s.len; i++)
		out[i] = octet_lower(s.at[i]);
	return span_at(out, s.len);
}

static size_t
place_of(const struct users *u, const struct table *t, struct span key)
{
	uint8_t tag[MAC_OCTETS];
	uint64_t n;

	mac_make(&u->key, key, tag);
	memcpy(&n, tag, sizeof n);
	return n & (t->size - 1);
}

static FALLIBLE
table_open(struct table *t, size_t keys)
{
	for (t->size = 8; t->size < 2 * keys;)
		t->size *= 2;
	t->places = calloc(t->size, sizeof t->places[0]);
	return t->places ? OK : &fault_sys_failed;
}

static void
table_add(const struct users *u, struct table *t, struct span key, size_t user)
{
	size_t i = place_of(u, t, key);

	while (t->places[i] != 0)
		i = (i + 1) & (t->size - 1);
	t->places[i] = (uint32_t)user + 1;
}

static bool
has_login(const struct user *user, struct span login)
{
	return span_equals(login, span_of(user->login));
}

typedef bool matches(const struct user *user, struct span key);

static const struct user *
find(const struct users *u, const struct table *t, struct span key,
	matches *is)
{
	uint8_t text[KEY_LONGEST];
	size_t i;

	key = lower(key, text);
	if (!span_is_set(key))
		return NULL;
	for (i = place_of(u, t, key); t->places[i] != 0;
		i = (i + 1) & (t->size - 1))
		if (is(&u->at[t->places[i] - 1], key))
			return &u->at[t->places[i] - 1];
	return NULL;
}

const struct user *
users_by_login(const struct users *u, struct span login)
{
	return find(u, &u->logins, login, has_login);
}

const struct user *
users_by_address(const struct users *u, struct span address)
{
	return find(u, &u->addresses, address, user_has_address);
}

/* Records are in the order of their numbers. */
const struct user *
users_by_account(const struct users *u, uint32_t account)
{
	size_t low = 0, high = u->header.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (u->at[middle].account == account)
			return &u->at[middle];
		if (u->at[middle].account < account)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

size_t
users_count(const struct users *u)
{
	return u->header.count;
}

uint32_t
users_highest(const struct users *u)
{
	return u->header.highest;
}

struct span
users_secret(const struct users *u)
{
	return span_at(u->header.secret, sizeof u->header.secret);
}

const struct user *
users_at(const struct users *u, size_t i)
{
	MUST(i < u->header.count);
	return &u->at[i];
}

/* --- credentials ----------------------------------------------------------- */

size_t
users_extras(const struct users *u)
{
	return u->header.extras;
}

const struct extra *
users_extra_at(const struct users *u, size_t i)
{
	MUST(i < u->header.extras);
	return &u->extras[i];
}

/* The first of the account, or of a later one. */
static size_t
first_extra(const struct users *u, uint32_t account)
{
	size_t low = 0, high = u->header.extras;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (u->extras[middle].account < account)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct extra *
find_app(const struct users *u, uint32_t account, struct span name)
{
	for (size_t i = first_extra(u, account);
		i < u->header.extras && u->extras[i].account == account; i++)
		if (u->extras[i].kind == EXTRA_APP &&
			span_equals_nocase(span_of(u->extras[i].name), name))
			return &u->extras[i];
	return NULL;
}

bool
users_credential(const struct users *u, struct span login,
	struct credential *out)
{
	struct span rest = login;
	struct span name = span_shift_upto(&rest, span_find_octet(login, '/'));
	struct credential c = { users_by_login(u, name), NULL };

	if (!c.user)
		return false;
	if (span_take(&rest, '/')) {
		c.app = find_app(u, c.user->account, rest);
		if (!c.app)
			return false;
	}
	*out = c;
	return true;
}

bool
users_certificate(const struct users *u, const uint8_t hash[SCRAM_KEY],
	struct credential *out)
{
	for (size_t i = 0; i < u->header.extras; i++) {
		const struct extra *x = &u->extras[i];

		if (x->kind != EXTRA_CERT ||
			memcmp(x->certificate, hash, SCRAM_KEY) != 0)
			continue;
		*out = (struct credential){ users_by_account(u, x->account),
			x };
		return true;
	}
	return false;
}

const char *
credential_verifier(const struct credential *c)
{
	return c->app ? c->app->verifier : c->user->verifier;
}

const struct scram_keys *
credential_scram(const struct credential *c)
{
	return c->app ? &c->app->scram : &c->user->scram;
}

struct span
credential_name(const struct credential *c)
{
	return c->app ? span_of(c->app->name) : SPAN("");
}

int64_t
credential_made(const struct credential *c)
{
	return c->app ? c->app->made_us : c->user->changed_us;
}

bool
credential_serves(const struct credential *c, enum scope scope)
{
	return !c->app || (c->app->scopes & scope);
}

/* --- addresses ------------------------------------------------------------- */

struct span
user_next_address(const struct user *user, size_t *at)
{
	struct span rest;

	if (*at >= user->addresses_len)
		return SPAN_NONE;
	rest = span_at(user->addresses + *at, user->addresses_len - *at);
	rest.len = span_find_octet(rest, 0);
	*at += rest.len + 1;
	return rest;
}

struct span
user_primary(const struct user *user)
{
	size_t at = 0;

	return user_next_address(user, &at);
}

bool
user_has_address(const struct user *user, struct span address)
{
	size_t at = 0;

	for (;;) {
		struct span s = user_next_address(user, &at);

		if (!span_is_set(s))
			return false;
		if (span_equals(s, address))
			return true;
	}
}

/* --- load ------------------------------------------------------------------ */

static bool
header_is_sound(const struct users_header *h, uint64_t octets)
{
	uint8_t sum[SCRAM_KEY];

	users_header_checksum(h, sum);
	return memcmp(h->magic, USERS_MAGIC, sizeof h->magic) == 0 &&
		h->version == USERS_VERSION && h->count <= USERS_MOST &&
		memcmp(sum, h->checksum, sizeof sum) == 0 &&
		h->extras <= EXTRAS_MOST &&
		octets == ((uint64_t)h->count + 1) * USERS_RECORD +
				(uint64_t)h->extras * EXTRA_RECORD;
}

static bool
ends_in_nul(const char *text, size_t size)
{
	return text[0] != 0 && text[size - 1] == 0;
}

static bool
user_is_sound(const struct user *user)
{
	uint8_t sum[SCRAM_KEY];

	user_checksum(user, sum);
	return memcmp(sum, user->checksum, sizeof sum) == 0 &&
		user->account > 0 && user->epoch > 0 &&
		ends_in_nul(user->login, sizeof user->login) &&
		ends_in_nul(user->verifier, sizeof user->verifier) &&
		user->reason[sizeof user->reason - 1] == 0 &&
		user->addresses_len > 1 &&
		user->addresses_len <= sizeof user->addresses &&
		user->addresses[user->addresses_len - 1] == 0 &&
		user->scram.iterations > 0;
}

static bool
extra_is_sound(const struct extra *e)
{
	uint8_t sum[SCRAM_KEY];

	extra_checksum(e, sum);
	return memcmp(sum, e->checksum, sizeof sum) == 0 && e->account > 0 &&
		e->name[sizeof e->name - 1] == 0 &&
		((e->kind == EXTRA_CERT && e->name[0] != 0) ||
			(ends_in_nul(e->verifier, sizeof e->verifier) &&
				(e->kind == EXTRA_OLD ||
					(e->kind == EXTRA_APP &&
						e->name[0] != 0 &&
						e->scram.iterations > 0))));
}

static FALLIBLE
read_records(struct users *u, int fd)
{
	struct buf all;
	uint64_t octets;

	TRY(fd_size(fd, &octets));
	if (octets < USERS_RECORD ||
		octets > (uint64_t)(USERS_MOST + 1) * USERS_RECORD +
				(uint64_t)EXTRAS_MOST * EXTRA_RECORD)
		return &fault_record_damaged;
	u->file = malloc(octets);
	if (!u->file)
		return &fault_sys_failed;
	u->octets = octets;
	all = (struct buf){ u->file, 0, octets };
	TRY(fd_read_whole(fd, &all));
	memcpy(&u->header, u->file, sizeof u->header);
	if (!header_is_sound(&u->header, all.len))
		return &fault_record_damaged;
	u->at = (const struct user *)u->file + 1;
	u->extras = (const void *)(u->at + u->header.count);
	return OK;
}

static FALLIBLE
check_records(const struct users *u)
{
	uint32_t last = 0;

	for (size_t i = 0; i < u->header.count; i++) {
		if (!user_is_sound(&u->at[i]) || u->at[i].account <= last)
			return &fault_record_damaged;
		last = u->at[i].account;
	}
	return last <= u->header.highest ? OK : &fault_record_damaged;
}

static FALLIBLE
check_extras(const struct users *u)
{
	uint32_t last = 0;

	for (size_t i = 0; i < u->header.extras; i++) {
		if (!extra_is_sound(&u->extras[i]) ||
			u->extras[i].account < last ||
			!users_by_account(u, u->extras[i].account))
			return &fault_record_damaged;
		last = u->extras[i].account;
	}
	return OK;
}

static FALLIBLE
index_records(struct users *u)
{
	struct span s;

	mac_key_make(&u->key);
	TRY(table_open(&u->logins, u->header.count));
	TRY(table_open(&u->addresses,
		(size_t)u->header.count * USER_ADDRESSES));
	for (size_t i = 0; i < u->header.count; i++) {
		size_t at = 0, n = 0;

		table_add(u, &u->logins, span_of(u->at[i].login), i);
		while (s = user_next_address(&u->at[i], &at), span_is_set(s)) {
			if (n++ == USER_ADDRESSES)
				return &fault_record_damaged;
			table_add(u, &u->addresses, s, i);
		}
	}
	return OK;
}

FALLIBLE
users_load(int fd, struct users **out)
{
	OWNED(users_close) struct users *u = calloc(1, sizeof *u);

	if (!u)
		return &fault_sys_failed;
	TRY(read_records(u, fd));
	TRY(check_records(u));
	TRY(check_extras(u));
	TRY(index_records(u));
	*out = u;
	u = NULL;
	return OK;
}

void
users_close(struct users **u)
{
	if (!*u)
		return;
	if ((*u)->file)
		password_wipe((*u)->file, (*u)->octets);
	free((*u)->file);
	free((*u)->logins.places);
	free((*u)->addresses.places);
	free(*u);
	*u = NULL;
}
