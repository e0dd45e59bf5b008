#include "state/users/edit.h"

#include <fcntl.h>
#include <stdlib.h>

#include "lib/base/must.h"
#include "state/users/rules.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/replace.h"

#define FILE_MODE 0640

static FALLIBLE
write_file(const char *path, struct users_header *h, size_t octets,
	FALLIBLE (*put)(const char *path, mode_t mode, struct span octets))
{
	memcpy(h->magic, USERS_MAGIC, sizeof h->magic);
	h->version = USERS_VERSION;
	users_header_checksum(h, h->checksum);
	return put(path, FILE_MODE, span_at(h, octets));
}

FALLIBLE
users_create(const char *path)
{
	struct users_header empty = { 0 };

	random_octets(empty.secret, sizeof empty.secret);
	return write_file(path, &empty, sizeof empty, replace_create);
}

/* Records into memory of our own, with room for one more. */
static FALLIBLE
copy_records(struct users_edit *e, const struct users *u)
{
	e->count = users_count(u);
	e->highest = users_highest(u);
	memcpy(e->secret, users_secret(u).at, sizeof e->secret);
	e->at = calloc(e->count + 1, sizeof e->at[0]);
	if (!e->at)
		return &fault_sys_failed;
	for (size_t i = 0; i < e->count; i++)
		e->at[i] = *users_at(u, i);
	e->extras_count = users_extras(u);
	e->extras_room = EXTRAS_ROOM;
	e->extras = calloc(e->extras_count + EXTRAS_ROOM, sizeof e->extras[0]);
	if (!e->extras)
		return &fault_sys_failed;
	for (size_t i = 0; i < e->extras_count; i++)
		e->extras[i] = *users_extra_at(u, i);
	return OK;
}

FALLIBLE
users_edit_open(const char *path, struct users_edit *e)
{
	OWNED(fd_close) int lock = -1, fd = -1;
	OWNED(users_close) struct users *u = NULL;

	*e = (struct users_edit){ .path = path, .lock = -1 };
	TRY(replace_lock(path, &lock));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return &fault_sys_failed;
	TRY(users_load(fd, &u));
	TRY(copy_records(e, u));
	e->lock = fd_give(&lock);
	return OK;
}

void
users_edit_close(struct users_edit *e)
{
	if (e->at) {
		password_wipe(e->at, (e->count + 1) * sizeof e->at[0]);
		free(e->at);
		fd_close(&e->lock);
	}
	if (e->extras) {
		password_wipe(e->extras, (e->extras_count + e->extras_room) *
				sizeof e->extras[0]);
		free(e->extras);
	}
	*e = (struct users_edit){ .lock = -1 };
}

FALLIBLE
users_edit_find(struct users_edit *e, struct span login, struct user **out)
{
	for (size_t i = 0; i < e->count; i++)
		if (span_equals_nocase(span_of(e->at[i].login), login)) {
			*out = &e->at[i];
			return OK;
		}
	return &fault_user_unknown;
}

static bool
is_taken(const struct users_edit *e, const struct user *user)
{
	for (size_t i = 0; i < e->count; i++) {
		const struct user *other = &e->at[i];
		size_t at = 0;
		struct span s;

		if (memcmp(other->login, user->login, sizeof user->login) == 0)
			return true;
		while (s = user_next_address(user, &at), span_is_set(s))
			if (user_has_address(other, s))
				return true;
	}
	return false;
}

static FALLIBLE
fill_addresses(struct user *user, const struct span *addresses, size_t count)
{
	struct buf b = BUF(user->addresses);

	if (count == 0 || count > USER_ADDRESSES)
		return &fault_users_full;
	for (size_t i = 0; i < count; i++) {
		TRY(put_user_address(&b, addresses[i]));
		if (!buf_push(&b, 0))
			return &fault_users_full;
	}
	user->addresses_len = (uint32_t)b.len;
	return OK;
}

static FALLIBLE
make_user(struct users_edit *e, struct span login, const struct span *addresses,
	size_t count, struct user *out)
{
	TRY(login_admit(login));
	if (e->count >= USERS_MOST || e->highest == UINT32_MAX)
		return &fault_users_full;
	memset(out, 0, sizeof *out);
	memcpy(out->login, login.at, login.len);
	TRY(fill_addresses(out, addresses, count));
	if (is_taken(e, out))
		return &fault_user_exists;
	out->account = e->highest + 1;
	out->state = USER_ENABLED;
	out->epoch = 1;
	return OK;
}

static FALLIBLE
append(struct users_edit *e, const struct user *user)
{
	struct user *more;

	e->at[e->count] = *user;
	more = calloc(e->count + 2, sizeof *more);
	if (!more)
		return &fault_sys_failed;
	memcpy(more, e->at, (e->count + 1) * sizeof *more);
	password_wipe(e->at, (e->count + 1) * sizeof e->at[0]);
	free(e->at);
	e->at = more;
	e->count++;
	e->highest = user->account;
	return OK;
}

static FALLIBLE
set_password(struct user *user, struct span password, struct instant now)
{
	struct scram_keys scram = { 0 };
	char verifier[PASSWORD_VERIFIER];

	TRY(password_hash(password, verifier));
	TRY(scram_make(password, &scram));
	memcpy(user->verifier, verifier, sizeof verifier);
	user->scram = scram;
	user->changed_us = now.us;
	user->epoch++;
	return OK;
}

FALLIBLE
users_edit_add(struct users_edit *e, struct span login,
	const struct span *addresses, size_t count, struct span password,
	struct instant now)
{
	struct user user;

	TRY(make_user(e, login, addresses, count, &user));
	user.created_us = now.us;
	TRY(set_password(&user, password, now));
	return append(e, &user);
}

void
user_set_state(struct user *user, enum user_state state, struct span reason)
{
	size_t len = reason.len < sizeof user->reason - 1
		? reason.len
		: sizeof user->reason - 1;

	user->state = state;
	user->epoch++;
	memset(user->reason, 0, sizeof user->reason);
	memcpy(user->reason, reason.at, len);
}

/* --- app passwords --------------------------------------------------------- */

static struct extra *
find_extra(struct users_edit *e, const struct user *user, uint32_t kind,
	struct span name)
{
	for (size_t i = 0; i < e->extras_count; i++)
		if (e->extras[i].account == user->account &&
			e->extras[i].kind == kind &&
			span_equals_nocase(span_of(e->extras[i].name), name))
			return &e->extras[i];
	return NULL;
}

static size_t
count_extras(const struct users_edit *e, const struct user *user, uint32_t kind)
{
	size_t n = 0;

	for (size_t i = 0; i < e->extras_count; i++)
		n += e->extras[i].account == user->account &&
			e->extras[i].kind == kind;
	return n;
}

/* A place in the order of the accounts; NULL when there is none. */
static struct extra *
make_extra(struct users_edit *e, const struct user *user)
{
	size_t at = 0;

	if (e->extras_count >= EXTRAS_MOST || e->extras_room == 0)
		return NULL;
	while (at < e->extras_count && e->extras[at].account <= user->account)
		at++;
	memmove(&e->extras[at + 1], &e->extras[at],
		(e->extras_count - at) * sizeof e->extras[0]);
	e->extras_count++;
	e->extras_room--;
	memset(&e->extras[at], 0, sizeof e->extras[at]);
	e->extras[at].account = user->account;
	return &e->extras[at];
}

static void
remove_extra(struct users_edit *e, struct extra *x)
{
	size_t at = (size_t)(x - e->extras);

	memmove(x, x + 1, (e->extras_count - at - 1) * sizeof *x);
	e->extras_count--;
	e->extras_room++;
}

FALLIBLE
users_edit_add_app(struct users_edit *e, struct user *user, struct span name,
	uint32_t scopes, struct span password, struct instant now)
{
	struct extra made = { .kind = EXTRA_APP, .made_us = now.us,
		.scopes = scopes };
	struct extra *x;

	TRY(app_name_admit(name));
	MUST(scopes > 0 && (scopes & ~(uint32_t)SCOPES_ALL) == 0);
	if (find_extra(e, user, EXTRA_APP, name))
		return &fault_user_exists;
	if (count_extras(e, user, EXTRA_APP) >= APPS_MOST)
		return &fault_users_full;
	TRY(password_hash(password, made.verifier));
	TRY(scram_make(password, &made.scram));
	memcpy(made.name, name.at, name.len);
	x = make_extra(e, user);
	if (!x)
		return &fault_users_full;
	made.account = user->account;
	*x = made;
	return OK;
}

FALLIBLE
users_edit_add_certificate(struct users_edit *e, struct user *user,
	struct span name, const uint8_t hash[SCRAM_KEY], struct instant now)
{
	struct extra *x;

	TRY(app_name_admit(name));
	if (find_extra(e, user, EXTRA_CERT, name))
		return &fault_user_exists;
	for (size_t i = 0; i < e->extras_count; i++)
		if (e->extras[i].kind == EXTRA_CERT &&
			memcmp(e->extras[i].certificate, hash, SCRAM_KEY) == 0)
			return &fault_user_exists;
	if (count_extras(e, user, EXTRA_CERT) >= APPS_MOST)
		return &fault_users_full;
	x = make_extra(e, user);
	if (!x)
		return &fault_users_full;
	x->kind = EXTRA_CERT;
	x->made_us = now.us;
	x->scopes = SCOPES_ALL;
	memcpy(x->name, name.at, name.len);
	memcpy(x->certificate, hash, SCRAM_KEY);
	return OK;
}

FALLIBLE
users_edit_remove(struct users_edit *e, struct user *user,
	enum extra_kind kind, struct span name)
{
	struct extra *x = find_extra(e, user, kind, name);

	if (!x)
		return &fault_user_unknown;
	remove_extra(e, x);
	user->epoch++;
	return OK;
}

/* --- earlier passwords ------------------------------------------------------ */

bool
users_edit_password_was(const struct users_edit *e, const struct user *user,
	struct span password)
{
	bool was = password_holds(user->verifier, password);

	for (size_t i = 0; i < e->extras_count && !was; i++)
		was = e->extras[i].account == user->account &&
			e->extras[i].kind == EXTRA_OLD &&
			password_holds(e->extras[i].verifier, password);
	return was;
}

static struct extra *
oldest(struct users_edit *e, const struct user *user)
{
	struct extra *found = NULL;

	for (size_t i = 0; i < e->extras_count; i++) {
		struct extra *x = &e->extras[i];

		if (x->account == user->account && x->kind == EXTRA_OLD &&
			(!found || x->made_us < found->made_us))
			found = x;
	}
	return found;
}

static FALLIBLE
keep_old(struct users_edit *e, const struct user *user, uint32_t history)
{
	struct extra *x;

	while (count_extras(e, user, EXTRA_OLD) > (history ? history - 1 : 0))
		remove_extra(e, oldest(e, user));
	if (history == 0)
		return OK;
	x = make_extra(e, user);
	if (!x)
		return &fault_users_full;
	x->kind = EXTRA_OLD;
	x->made_us = user->changed_us;
	memcpy(x->verifier, user->verifier, sizeof x->verifier);
	return OK;
}

FALLIBLE
users_edit_set_password(struct users_edit *e, struct user *user,
	struct span password, uint32_t history, struct instant now)
{
	TRY(keep_old(e, user, history));
	return set_password(user, password, now);
}

/* --- the file -------------------------------------------------------------- */

static void
wipe(struct buf *b)
{
	if (b->at)
		password_wipe(b->at, b->cap);
	free(b->at);
}

FALLIBLE
users_edit_save(struct users_edit *e)
{
	size_t octets = (e->count + 1) * USERS_RECORD +
		e->extras_count * EXTRA_RECORD;
	OWNED(wipe) struct buf file = { calloc(1, octets), 0, octets };
	struct users_header *h = (struct users_header *)(void *)file.at;

	if (!h)
		return &fault_sys_failed;
	for (size_t i = 0; i < e->count; i++)
		user_checksum(&e->at[i], e->at[i].checksum);
	for (size_t i = 0; i < e->extras_count; i++)
		extra_checksum(&e->extras[i], e->extras[i].checksum);
	memcpy(h + 1, e->at, e->count * USERS_RECORD);
	memcpy(h + 1 + e->count, e->extras, e->extras_count * EXTRA_RECORD);
	h->count = (uint32_t)e->count;
	h->extras = (uint32_t)e->extras_count;
	h->highest = e->highest;
	memcpy(h->secret, e->secret, sizeof h->secret);
	return write_file(e->path, h, octets, replace_whole);
}
