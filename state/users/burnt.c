#include "state/users/burnt.h"

#include <unistd.h>

#include "lib/base/must.h"
#include "sys/crypto.h"
#include "sys/fd.h"

_Static_assert(sizeof(struct burnt_record) == BURNT_RECORD, "no gaps");

static void
checksum(const struct burnt_record *r, uint8_t out[8])
{
	uint8_t sum[SHA256_OCTETS];

	sha256(span_at(r, offsetof(struct burnt_record, check)), sum);
	memcpy(out, sum, 8);
}

static bool
is_sound(const struct burnt_record *r)
{
	uint8_t sum[8];

	checksum(r, sum);
	return memcmp(sum, r->check, sizeof sum) == 0 &&
		r->name[APP_NAME - 1] == 0;
}

FALLIBLE
burnt_load(int fd, struct burnt *out)
{
	struct buf all = { (uint8_t *)out->at, 0, sizeof out->at };
	uint32_t n = 0;

	out->count = 0;
	TRY(fd_read_whole(fd, &all));
	for (size_t i = 0; i < all.len / BURNT_RECORD; i++)
		if (is_sound(&out->at[i]))
			out->at[n++] = out->at[i];
	out->count = n;
	return OK;
}

FALLIBLE
burnt_add(struct burnt *b, int fd, const struct credential *c,
	struct instant now)
{
	struct span name = credential_name(c);
	struct burnt_record *r = &b->at[b->count];

	if (b->count == BURNT_MOST)
		return &fault_users_full;
	*r = (struct burnt_record){ .account = c->user->account,
		.made_us = credential_made(c),
		.time_us = now.us };
	MUST(name.len < sizeof r->name);
	memcpy(r->name, name.at, name.len);
	checksum(r, r->check);
	b->count++;
	return fd < 0 ? OK : fd_append(fd, span_at(r, sizeof *r));
}

static bool
is_of(const struct burnt_record *r, const struct credential *c)
{
	return r->made_us == credential_made(c) &&
		span_equals(span_of(r->name), credential_name(c));
}

static bool
still_holds(const struct burnt_record *r, const struct users *u,
	const struct user *user)
{
	struct credential c = { user, NULL };

	if (is_of(r, &c))
		return true;
	for (size_t i = 0; i < users_extras(u); i++) {
		c.app = users_extra_at(u, i);
		if (c.app->account == user->account &&
			c.app->kind == EXTRA_APP && is_of(r, &c))
			return true;
	}
	return false;
}

bool
burnt_has(const struct burnt *b, const struct users *u, const struct user *user)
{
	for (uint32_t i = 0; i < b->count; i++)
		if (b->at[i].account == user->account &&
			still_holds(&b->at[i], u, user))
			return true;
	return false;
}
