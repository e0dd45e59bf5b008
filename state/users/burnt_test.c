#include "state/users/burnt.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "state/users/edit.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/mac.h"

static const struct instant now = { 1795509000 * SECONDS(1) };
static const struct span address[] = { SPAN("alice@agency.example") };

static char path[] = "/tmp/burnt-XXXXXX";
static struct burnt burnt;
static struct users_edit edit;

static struct user *
open_user(void)
{
	struct user *user;

	CHECK_OK(users_edit_open(path, &edit));
	CHECK_OK(users_edit_find(&edit, SPAN("alice"), &user));
	return user;
}

static struct users *
save(void)
{
	struct users *u;

	CHECK_OK(users_edit_save(&edit));
	users_edit_close(&edit);
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_OK(users_load(fd, &u));
	return u;
}

static void
remove_files(void)
{
	char lock[32];

	snprintf(lock, sizeof lock, "%s.lock", path);
	unlink(lock);
	unlink(path);
}

/* alice with an app password, both made at the same moment. */
static struct users *
make(void)
{
	CHECK_OK(crypto_start());
	mac_start();
	strncpy(path + sizeof path - 7, "XXXXXX", 7);
	CHECK(mkdtemp(path) != NULL && rmdir(path) == 0);
	CHECK_OK(users_create(path));
	CHECK_OK(users_edit_open(path, &edit));
	CHECK_OK(users_edit_add(&edit, SPAN("alice"), address, 1,
		SPAN("correct horse battery"), now));
	CHECK_OK(users_edit_save(&edit));
	users_edit_close(&edit);
	CHECK_OK(users_edit_add_app(&edit, open_user(), SPAN("phone"),
		SCOPES_ALL, SPAN("app"), now));
	return save();
}

static bool
is_burnt(const struct users *u)
{
	return burnt_has(&burnt, u, users_by_login(u, SPAN("alice")));
}

static void
burn(const struct users *u, const char *login, int fd)
{
	struct credential c;

	CHECK(users_credential(u, span_of(login), &c));
	CHECK_OK(burnt_add(&burnt, fd, &c, now));
}

TEST(a_burnt_password_is_to_be_changed)
{
	struct users *u = make();

	burnt.count = 0;
	CHECK(!is_burnt(u));
	burn(u, "alice", -1);
	CHECK(is_burnt(u));
	users_close(&u);
	test_row = "disabled and enabled again";
	user_set_state(open_user(), USER_DISABLED, SPAN(""));
	u = save();
	user_set_state(open_user(), USER_ENABLED, SPAN(""));
	users_close(&u);
	u = save();
	CHECK(is_burnt(u));
	users_close(&u);
	test_row = "without the app password";
	CHECK_OK(users_edit_remove(&edit, open_user(), EXTRA_APP,
		SPAN("phone")));
	u = save();
	CHECK(is_burnt(u));
	users_close(&u);
	test_row = "another password";
	CHECK_OK(users_edit_set_password(&edit, open_user(), SPAN("another"), 0,
		(struct instant){ now.us + 1 }));
	u = save();
	CHECK(!is_burnt(u));
	users_close(&u);
	remove_files();
}

TEST(a_burnt_app_password_is_to_be_removed)
{
	struct users *u = make();

	burnt.count = 0;
	burn(u, "alice/phone", -1);
	CHECK(is_burnt(u));
	users_close(&u);
	test_row = "another password of the account is not enough";
	CHECK_OK(users_edit_set_password(&edit, open_user(), SPAN("another"), 0,
		(struct instant){ now.us + 1 }));
	u = save();
	CHECK(is_burnt(u));
	users_close(&u);
	test_row = "removed";
	CHECK_OK(users_edit_remove(&edit, open_user(), EXTRA_APP,
		SPAN("phone")));
	u = save();
	CHECK(!is_burnt(u));
	users_close(&u);
	remove_files();
}

TEST(what_was_burnt_is_read_again)
{
	OWNED(fd_close) int fd = -1;
	struct users *u = make();
	uint8_t octet = 0xff;

	burnt.count = 0;
	CHECK_OK(fd_memory("burnt", &fd));
	burn(u, "alice/phone", fd);
	burn(u, "alice", fd);
	memset(&burnt, 0, sizeof burnt);
	test_row = "with half a record behind it";
	CHECK(write(fd, "half", 4) == 4);
	CHECK_OK(burnt_load(fd, &burnt));
	CHECK_NUMBER(burnt.count, 2);
	CHECK(is_burnt(u));
	test_row = "with a changed octet in the first";
	CHECK(pwrite(fd, &octet, 1, 9) == 1);
	CHECK_OK(burnt_load(fd, &burnt));
	CHECK_NUMBER(burnt.count, 1);
	CHECK(is_burnt(u));
	users_close(&u);
	remove_files();
}
