/* Law: a file whose checksums are right, whatever is in it, is refused or
 * searched without harm; what is found has what was looked for. */
#include "state/users/users.h"

#include <unistd.h>

#include "lib/base/fuzz.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/mac.h"

#define RECORDS 3

static struct {
	struct users_header header;
	struct user users[RECORDS];
	struct extra extras[RECORDS];
} file;

/* The same octets again, from the end of each record's part. */
static void
fill_extras(struct span in)
{
	size_t each = in.len / RECORDS;

	for (size_t i = 0; i < RECORDS; i++) {
		struct extra *x = &file.extras[i];
		struct span part = span_at(in.at + i * each, each);

		if (part.len > sizeof *x)
			part = span_at(part.at + part.len - sizeof *x,
				sizeof *x);
		memcpy(x, part.at, part.len);
		extra_checksum(x, x->checksum);
	}
}

/* The input, spread over the records from their first octet on. */
static void
fill(struct span in)
{
	size_t each = in.len / RECORDS;

	memset(&file, 0, sizeof file);
	fill_extras(in);
	for (size_t i = 0; i < RECORDS; i++) {
		struct span part = span_shift_upto(&in, each);

		if (part.len > sizeof file.users[i])
			part.len = sizeof file.users[i];
		memcpy(&file.users[i], part.at, part.len);
		user_checksum(&file.users[i], file.users[i].checksum);
	}
	memcpy(file.header.magic, USERS_MAGIC, sizeof file.header.magic);
	file.header.version = USERS_VERSION;
	file.header.count = RECORDS;
	file.header.extras = RECORDS;
	file.header.highest = UINT32_MAX;
	users_header_checksum(&file.header, file.header.checksum);
}

static bool
has_nocase(const struct user *user, struct span address)
{
	size_t at = 0;
	struct span s;

	while (s = user_next_address(user, &at), span_is_set(s))
		if (span_equals_nocase(s, address))
			return true;
	return false;
}

static void
search_extras(const struct users *u)
{
	for (size_t i = 0; i < users_extras(u); i++) {
		const struct extra *x = users_extra_at(u, i);
		uint8_t room[128];
		struct buf login = BUF(room);
		struct credential c;

		MUST(buf_put_text(&login, users_by_account(u, x->account)->login) &&
			buf_push(&login, '/') && buf_put_text(&login, x->name));
		if (x->kind == EXTRA_APP &&
			users_credential(u, buf_view(&login), &c))
			MUST(c.app && strlen(c.app->name) == strlen(x->name));
	}
}

static void
search(const struct users *u)
{
	search_extras(u);
	for (size_t i = 0; i < users_count(u); i++) {
		const struct user *user = users_at(u, i), *found;
		size_t at = 0, n = 0;
		struct span s;

		MUST(users_by_account(u, user->account) == user);
		found = users_by_login(u, span_of(user->login));
		MUST(!found || strlen(found->login) == strlen(user->login));
		while (s = user_next_address(user, &at), span_is_set(s)) {
			MUST(++n <= USER_ADDRESSES);
			found = users_by_address(u, s);
			MUST(!found || has_nocase(found, s));
		}
	}
}

FUZZ(struct span input)
{
	OWNED(fd_close) int fd = -1;
	OWNED(users_close) struct users *u = NULL;

	MUST(crypto_start() == OK);
	mac_start();
	fill(input);
	MUST(fd_memory("users", &fd) == OK);
	MUST(write(fd, &file, sizeof file) == (ssize_t)sizeof file);
	if (users_load(fd, &u) == OK)
		search(u);
	else
		MUST(u == NULL);
}
