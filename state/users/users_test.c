#include "state/users/users.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "state/users/edit.h"
#include "state/users/rules.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/mac.h"

static const struct instant now = { 1795509000 * SECONDS(1) };
static const struct span alice[] = { SPAN("alice@agency.example"),
	SPAN("postmaster@agency.example") };
static const struct span bob[] = { SPAN("bob@agency.example") };

static char directory[] = "/tmp/users-XXXXXX", path[64];

static void
start(void)
{
	static bool started;

	if (!started) {
		CHECK_OK(crypto_start());
		mac_start();
		CHECK(mkdtemp(directory) != NULL);
		snprintf(path, sizeof path, "%s/users", directory);
	}
	started = true;
	unlink(path);
	CHECK_OK(users_create(path));
	CHECK_FAULT(users_create(path), &fault_file_exists);
}

static void
add(struct span login, const struct span *addresses, size_t count,
	const struct fault *want)
{
	struct users_edit e;

	CHECK_OK(users_edit_open(path, &e));
	CHECK_FAULT(users_edit_add(&e, login, addresses, count,
			    SPAN("correct horse battery"), now), want);
	if (want == OK)
		CHECK_OK(users_edit_save(&e));
	users_edit_close(&e);
}

static struct users *
load(void)
{
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct users *u = NULL;

	CHECK_OK(users_load(fd, &u));
	return u;
}

static struct users_edit edit;

static struct user *
open_user(const char *login)
{
	struct user *user;

	CHECK_OK(users_edit_open(path, &edit));
	CHECK_OK(users_edit_find(&edit, span_of(login), &user));
	return user;
}

static void
save(void)
{
	CHECK_OK(users_edit_save(&edit));
	users_edit_close(&edit);
}

TEST(users_are_found_by_login_address_and_number)
{
	struct users *u;
	const struct user *user;
	size_t at = 0;

	start();
	add(SPAN("alice"), alice, COUNT_OF(alice), OK);
	add(SPAN("bob"), bob, COUNT_OF(bob), OK);
	u = load();
	CHECK_NUMBER(users_count(u), 2);
	user = users_by_login(u, SPAN("ALICE"));
	CHECK(user && user->account == 1 && user->state == USER_ENABLED);
	CHECK(users_by_address(u, SPAN("Postmaster@Agency.Example")) == user);
	CHECK(users_by_account(u, 1) == user);
	CHECK(users_by_account(u, 2) == users_by_login(u, SPAN("bob")));
	CHECK(!users_by_account(u, 3) && !users_by_account(u, 0));
	CHECK(!users_by_login(u, SPAN("alic")) &&
		!users_by_login(u, SPAN("alice@agency.example")));
	CHECK(!users_by_address(u, SPAN("")));
	CHECK_SPAN(user_primary(user), "alice@agency.example");
	CHECK_SPAN(user_next_address(user, &at), "alice@agency.example");
	CHECK_SPAN(user_next_address(user, &at), "postmaster@agency.example");
	CHECK_SPAN(user_next_address(user, &at), NULL);
	CHECK(password_holds(user->verifier, SPAN("correct horse battery")));
	CHECK(!password_holds(user->verifier, SPAN("correct horse batterz")));
	users_close(&u);
}

static const struct {
	const char *what, *login, *address;
	const struct fault *want;
} additions[] = {
	{ "login taken", "alice", "other@agency.example", &fault_user_exists },
	{ "address taken", "carol", "alice@agency.example",
		&fault_user_exists },
	{ "alias taken", "carol", "postmaster@agency.example",
		&fault_user_exists },
	{ "reserved login", "admin", "a@agency.example",
		&fault_user_reserved },
	{ "role as login", "postmaster", "a@agency.example",
		&fault_user_reserved },
	{ "upper case", "Carol", "a@agency.example",
		&fault_user_name_refused },
	{ "digit first", "1carol", "a@agency.example",
		&fault_user_name_refused },
	{ "one letter", "c", "a@agency.example", &fault_user_name_refused },
	{ "blank in login", "ca rol", "a@agency.example",
		&fault_user_name_refused },
	{ "address without domain", "carol", "carol",
		&fault_user_name_refused },
	{ "at an address", "carol", "carol@[192.0.2.1]",
		&fault_user_name_refused },
	{ "two at", "carol", "a@b@agency.example", &fault_user_name_refused },
	{ "dots", "carol", "a..b@agency.example", &fault_user_name_refused },
	{ "taken in upper case", "carol", "ALICE@Agency.example",
		&fault_user_exists },
	{ "taken in quotes", "carol", "\"alice\"@agency.example",
		&fault_user_exists },
	{ "good", "carol", "Carol@agency.example", OK },
};

TEST(a_name_belongs_to_one_account)
{
	start();
	add(SPAN("alice"), alice, COUNT_OF(alice), OK);
	EACH_CASE(c, additions) {
		struct span address = span_of(c->address);

		add(span_of(c->login), &address, 1, c->want);
	}
}

/* Any change of an octet is seen, wherever it is. */
TEST(a_damaged_file_is_refused)
{
	uint64_t octets;
	struct users *u = NULL;

	start();
	add(SPAN("alice"), alice, COUNT_OF(alice), OK);
	CHECK_OK(users_edit_add_app(&edit, open_user("alice"), SPAN("phone"),
		SCOPES_ALL, SPAN("a secret"), now));
	save();
	OWNED(fd_close) int fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK_OK(fd_size(fd, &octets));
	CHECK_NUMBER(octets, 2 * USERS_RECORD + EXTRA_RECORD);
	for (uint64_t at = 0; at < octets; at += 37) {
		uint8_t good, bad;

		CHECK(pread(fd, &good, 1, (off_t)at) == 1);
		bad = good ^ 0x10;
		CHECK(pwrite(fd, &bad, 1, (off_t)at) == 1);
		CHECK_FAULT(users_load(fd, &u), &fault_record_damaged);
		CHECK(pwrite(fd, &good, 1, (off_t)at) == 1);
	}
	CHECK(ftruncate(fd, (off_t)octets - 1) == 0);
	CHECK_FAULT(users_load(fd, &u), &fault_record_damaged);
	CHECK(ftruncate(fd, 0) == 0);
	CHECK_FAULT(users_load(fd, &u), &fault_record_damaged);
	CHECK(u == NULL);
}

TEST(a_state_and_a_password_change)
{
	struct users_edit e;
	struct users *u;
	struct user *user;
	const struct user *saved;

	start();
	add(SPAN("alice"), alice, COUNT_OF(alice), OK);
	CHECK_OK(users_edit_open(path, &e));
	CHECK_FAULT(users_edit_find(&e, SPAN("bob"), &user),
		&fault_user_unknown);
	CHECK_OK(users_edit_find(&e, SPAN("alice"), &user));
	user_set_state(user, USER_DISABLED, SPAN("left the agency"));
	CHECK_OK(users_edit_set_password(&e, user, SPAN("another long one"), 0,
		(struct instant){ now.us + 1 }));
	CHECK_OK(users_edit_save(&e));
	users_edit_close(&e);
	u = load();
	saved = users_by_login(u, SPAN("alice"));
	CHECK_NUMBER(saved->state, USER_DISABLED);
	CHECK_SPAN(span_of(saved->reason), "left the agency");
	CHECK_NUMBER(saved->changed_us - saved->created_us, 1);
	CHECK(password_holds(saved->verifier, SPAN("another long one")));
	users_close(&u);
}

static const struct {
	const char *what, *password;
	bool sp800_63b, nc_2008; /* admitted by */
} passwords[] = {
	{ "seven of four kinds", "xQ7vmw!", false, false },
	{ "eight of three kinds", "xQ7vmw2p", false, true },
	{ "eight of two kinds", "xkq7vmw2", false, false },
	{ "with a sign instead of a capital", "xkq7vmw!", false, true },
	{ "fourteen", "xkq7vmw2pzrtqw", false, false },
	{ "fifteen of two kinds", "xkq7vmw2pzrtqwn", true, false },
	{ "fifteen of one kind", "xkqvmwpzrtqwnfj", true, false },
	{ "common with digits", "Password2026!!!", false, false },
	{ "common between digits", "123456letmein789", false, false },
	{ "login with digits", "Alice1234567890", false, false },
	{ "one letter", "aaaaaaaaaaaaaaa", false, false },
	{ "a run", "abcdefghijklmno", false, false },
	{ "a run down", "zyxwvutsrqponml", false, false },
	{ "a repetition", "aB1aB1aB1aB1aB1", false, false },
	{ "not ASCII", "P\xc3\xa4sswort-lang-genug", false, false },
	{ "a control", "xkQ7vmw2pzrtqwn\t", false, false },
	{ "a phrase", "correct horse battery staple", true, false },
	{ "a phrase with a capital", "Correct horse battery staple", true,
		true },
};

/* Security rule A6. */
TEST(a_change_of_password_or_state_begins_an_epoch)
{
	struct users_edit e;
	struct user *user;
	uint32_t epoch;

	start();
	add(SPAN("alice"), alice, COUNT_OF(alice), OK);
	CHECK_OK(users_edit_open(path, &e));
	CHECK_OK(users_edit_find(&e, SPAN("alice"), &user));
	epoch = user->epoch;
	CHECK(epoch > 0);
	CHECK_OK(users_edit_set_password(&e, user, SPAN("another long one"), 0, now));
	CHECK_NUMBER(user->epoch, ++epoch);
	user_set_state(user, USER_DISABLED, SPAN("left"));
	CHECK_NUMBER(user->epoch, ++epoch);
	CHECK_OK(users_edit_save(&e));
	users_edit_close(&e);
	CHECK_OK(users_edit_open(path, &e));
	CHECK_OK(users_edit_find(&e, SPAN("alice"), &user));
	CHECK_NUMBER(user->epoch, epoch);
	users_edit_close(&e);
}

/* --- app passwords ------------------------------------------------------- */

static const struct {
	const char *what, *login;
	bool found;
	const char *app;
} credentials[] = {
	{ "the account's own", "alice", true, NULL },
	{ "an app password", "alice/phone", true, "phone" },
	{ "in other letters", "ALICE/Phone", true, "phone" },
	{ "another of it", "alice/printer", true, "printer" },
	{ "one of another account", "bob/printer", false, NULL },
	{ "of the same name, another account's", "bob/phone", true, "phone" },
	{ "none of that name", "alice/phones", false, NULL },
	{ "no name", "alice/", false, NULL },
	{ "nobody's", "carol/phone", false, NULL },
	{ "no login", "/phone", false, NULL },
	{ "more behind it", "alice/phone/x", false, NULL },
};

TEST(an_app_password_is_found_by_its_name)
{
	struct users *u;
	struct user *user;
	uint32_t epoch;

	start();
	add(SPAN("alice"), alice, COUNT_OF(alice), OK);
	add(SPAN("bob"), bob, COUNT_OF(bob), OK);
	user = open_user("bob");
	CHECK_OK(users_edit_add_app(&edit, user, SPAN("phone"), SCOPES_ALL,
		SPAN("bob's phone"), now));
	CHECK_OK(users_edit_find(&edit, SPAN("alice"), &user));
	CHECK_OK(users_edit_add_app(&edit, user, SPAN("phone"), SCOPE_IMAP,
		SPAN("alice's phone"), now));
	CHECK_OK(users_edit_add_app(&edit, user, SPAN("printer"), SCOPE_SMTP,
		SPAN("alice's printer"), now));
	CHECK_FAULT(users_edit_add_app(&edit, user, SPAN("Phone"), SCOPE_SMTP,
			    SPAN("another"), now), &fault_user_name_refused);
	CHECK_FAULT(users_edit_add_app(&edit, user, SPAN("phone"), SCOPE_SMTP,
			    SPAN("another"), now), &fault_user_exists);
	epoch = user->epoch;
	save();
	u = load();
	EACH_CASE(c, credentials) {
		struct credential got;

		CHECK(users_credential(u, span_of(c->login), &got) == c->found);
		if (!c->found)
			continue;
		CHECK((got.app != NULL) == (c->app != NULL));
		if (c->app)
			CHECK_SPAN(span_of(got.app->name), c->app);
	}
	test_row = "scopes and verifiers";
	struct credential got;

	CHECK(users_credential(u, SPAN("alice/phone"), &got));
	CHECK(credential_serves(&got, SCOPE_IMAP) &&
		!credential_serves(&got, SCOPE_SMTP));
	CHECK(password_holds(credential_verifier(&got), SPAN("alice's phone")));
	CHECK(!password_holds(credential_verifier(&got), SPAN("bob's phone")));
	CHECK(users_credential(u, SPAN("alice"), &got));
	CHECK(credential_serves(&got, SCOPE_IMAP) &&
		credential_serves(&got, SCOPE_SMTP));
	users_close(&u);
	test_row = "removed: its sessions end";
	user = open_user("alice");
	CHECK_OK(users_edit_remove(&edit, user, EXTRA_APP,
		SPAN("phone")));
	CHECK_FAULT(users_edit_remove(&edit, user, EXTRA_APP,
		SPAN("phone")),
		&fault_user_unknown);
	CHECK(user->epoch > epoch);
	save();
	u = load();
	CHECK(!users_credential(u, SPAN("alice/phone"), &got));
	CHECK(users_credential(u, SPAN("alice/printer"), &got));
	CHECK(users_credential(u, SPAN("bob/phone"), &got));
	users_close(&u);
}

TEST(a_certificate_is_one_account_s)
{
	static const uint8_t card[SCRAM_KEY] = { 1 }, other[SCRAM_KEY] = { 2 };
	struct credential got;
	struct users *u;
	struct user *user;

	start();
	add(SPAN("alice"), alice, COUNT_OF(alice), OK);
	add(SPAN("bob"), bob, COUNT_OF(bob), OK);
	user = open_user("alice");
	CHECK_OK(users_edit_add_certificate(&edit, user, SPAN("card"), card,
		now));
	CHECK_OK(users_edit_add_app(&edit, user, SPAN("card"), SCOPES_ALL,
		SPAN("a secret"), now));
	CHECK_FAULT(users_edit_add_certificate(&edit, user, SPAN("card"), other,
			    now), &fault_user_exists);
	CHECK_OK(users_edit_find(&edit, SPAN("bob"), &user));
	CHECK_FAULT(users_edit_add_certificate(&edit, user, SPAN("card"), card,
			    now), &fault_user_exists);
	save();
	u = load();
	CHECK(users_certificate(u, card, &got));
	CHECK_NUMBER(got.user->account, 1);
	CHECK(!users_certificate(u, other, &got));
	test_row = "it is no password";
	CHECK(users_credential(u, SPAN("alice/card"), &got));
	CHECK(got.app->kind == EXTRA_APP);
	users_close(&u);
	user = open_user("alice");
	CHECK_OK(users_edit_remove(&edit, user, EXTRA_APP, SPAN("card")));
	save();
	u = load();
	CHECK(!users_credential(u, SPAN("alice/card"), &got));
	CHECK(users_certificate(u, card, &got));
	users_close(&u);
}

TEST(an_account_has_few_app_passwords)
{
	struct user *user;

	start();
	add(SPAN("alice"), alice, COUNT_OF(alice), OK);
	for (int i = 0; i < APPS_MOST + 1; i++) {
		char name[16];

		snprintf(name, sizeof name, "a%d", i);
		user = open_user("alice");
		CHECK_FAULT(users_edit_add_app(&edit, user, span_of(name),
				    SCOPES_ALL, SPAN("a secret"), now),
			i < APPS_MOST ? OK : &fault_users_full);
		save();
	}
}

TEST(a_file_keeps_its_secret_and_shares_it_with_no_other)
{
	uint8_t first[USERS_SECRET];
	struct users *u;

	start();
	u = load();
	memcpy(first, users_secret(u).at, sizeof first);
	users_close(&u);
	add(SPAN("alice"), alice, COUNT_OF(alice), OK);
	u = load();
	CHECK_SPANS(users_secret(u), span_at(first, sizeof first));
	users_close(&u);
	start();
	u = load();
	CHECK(!span_equals(users_secret(u), span_at(first, sizeof first)));
	users_close(&u);
}

TEST(a_weak_password_is_refused)
{
	EACH_CASE(c, passwords) {
		const bool wanted[] = {
			[PASSWORD_SP800_63B] = c->sp800_63b,
			[PASSWORD_NC_2008] = c->nc_2008,
		};

		for (size_t i = 0; i < COUNT_OF(wanted); i++) {
			const char *why;

			CHECK_FAULT(password_admit(
					    password_policy(
						    (enum password_profile)i),
					    span_of(c->password), SPAN("alice"),
					    &why),
				wanted[i] ? OK : &fault_password_weak);
			CHECK((why != NULL) == !wanted[i]);
		}
	}
}

/* nc-2008 keeps six: the present one and five of before. */
TEST(an_earlier_password_is_known)
{
	struct users *u;
	struct user *user;
	char text[40];

	start();
	add(SPAN("alice"), alice, COUNT_OF(alice), OK);
	add(SPAN("bob"), bob, COUNT_OF(bob), OK);
	for (int i = 0; i < 8; i++) {
		snprintf(text, sizeof text, "password number %d", i);
		user = open_user("alice");
		CHECK(!users_edit_password_was(&edit, user, span_of(text)));
		CHECK_OK(users_edit_set_password(&edit, user, span_of(text), 6,
			(struct instant){ now.us + i }));
		save();
	}
	user = open_user("alice");
	for (int i = 0; i < 8; i++) {
		snprintf(text, sizeof text, "password number %d", i);
		test_row = text;
		CHECK(users_edit_password_was(&edit, user, span_of(text)) ==
			(i > 0));
	}
	test_row = "another account has its own";
	CHECK_OK(users_edit_find(&edit, SPAN("bob"), &user));
	CHECK(!users_edit_password_was(&edit, user,
		SPAN("password number 3")));
	CHECK_OK(users_edit_set_password(&edit, user, SPAN("bob's new one"), 0,
		now));
	save();
	u = load();
	CHECK_NUMBER(users_extras(u), 6);
	users_close(&u);
}

TEST(a_made_password_is_admitted)
{
	uint8_t storage[64];
	struct buf b = BUF(storage);
	const char *why;

	mac_start();
	CHECK(password_make(&b));
	CHECK_NUMBER(b.len, 23);
	CHECK_OK(password_admit(password_policy(PASSWORD_SP800_63B),
		buf_view(&b), SPAN("alice"), &why));
	CHECK_OK(password_admit(password_policy(PASSWORD_NC_2008),
		buf_view(&b), SPAN("alice"), &why));
}

TEST(nobody_has_a_real_cost_and_no_password)
{
	char broken[PASSWORD_VERIFIER] = "$argon2id$v=19$m=9999999,t=99,p=1$";

	mac_start();
	CHECK(!password_holds(password_nobody(), SPAN("")));
	CHECK(!password_holds(password_nobody(), SPAN("password")));
	CHECK(!password_holds(broken, SPAN("")));
}

/* RFC 7677 section 3: user "user", password "pencil". */
TEST(scram_keys_are_those_of_the_rfc)
{
	static const uint8_t salt[SCRAM_SALT] = {
		0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0,
		0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81 };
	static const struct span auth = SPAN(
		"n=user,r=rOprNGfwEbeRWgbNEkqO,"
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
	/* v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4= */
	static const uint8_t signature[SCRAM_KEY] = {
		0xea, 0xba, 0xe2, 0x4d, 0x10, 0x62, 0xdb, 0x75, 0xa9, 0x45,
		0x1f, 0xf0, 0xb6, 0xea, 0x7e, 0x98, 0xc8, 0x54, 0x65, 0x49,
		0xff, 0x74, 0x1e, 0x67, 0x2d, 0x32, 0x51, 0xb2, 0x39, 0x7d,
		0xe4, 0x6e };
	struct scram_keys k = { .iterations = 4096 };
	uint8_t got[SCRAM_KEY];

	CHECK_OK(crypto_start());
	memcpy(k.salt, salt, sizeof salt);
	CHECK_OK(scram_derive(SPAN("pencil"), &k));
	hmac_sha256(span_at(k.server, sizeof k.server), auth, got);
	CHECK(memcmp(got, signature, sizeof got) == 0);
}
