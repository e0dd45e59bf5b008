/* init and user, as an operator types them, in a directory of our own. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/command.h"
#include "lib/base/number.h"
#include "lib/base/test.h"
#include "state/users/users.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/settings.h"

#define WORDS 12

static char directory[64];

/* A fresh directory for each test. */
static void
start(void)
{
	snprintf(directory, sizeof directory, "/tmp/verbs-XXXXXX");
	CHECK(mkdtemp(directory) != NULL);
}

/* Run a verb with words, NULL last; its output is thrown away. */
static int
run(verb *v, int least, int most, const char *const *words)
{
	const struct command k = { "noun", "verb", "", least, most, "", "", v };
	char *typed[WORDS] = { NULL };
	struct call c = { &k, 0, typed };
	int out = dup(1), err = dup(2), code;
	int sink = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (; words[c.count]; c.count++)
		typed[c.count] = (char *)(uintptr_t)words[c.count];
	fflush(stdout);
	dup2(sink, 1);
	dup2(sink, 2);
	code = v(&c);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	close(sink);
	return code;
}

#define RUN(v, least, most, ...) \
	run(v, least, most, (const char *const[]){ __VA_ARGS__, NULL })

static mode_t
mode_of(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	return stat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

static int
init(const char *domain)
{
	return RUN(init_site, 1, 1, domain, "--dir", directory);
}

static struct users *
load(void)
{
	char path[128];
	struct users *u = NULL;

	snprintf(path, sizeof path, "%s/users", directory);
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_OK(users_load(fd, &u));
	return u;
}

/* What a verb reads as its standard input. */
static void
type(const char *text)
{
	FILE *f = fopen("/tmp/verbs-input", "we");

	CHECK(f != NULL);
	fputs(text, f);
	fclose(f);
	CHECK(freopen("/tmp/verbs-input", "re", stdin) != NULL);
	unlink("/tmp/verbs-input");
}

TEST(init_makes_a_site_that_check_takes)
{
	start();
	CHECK_NUMBER(init("agency.example"), EX_OK);
	CHECK_NUMBER(mode_of("posthold.conf"), 0644);
	CHECK_NUMBER(mode_of("key.pem"), 0600);
	CHECK_NUMBER(mode_of("request.pem"), 0644);
	CHECK_NUMBER(mode_of("certificate.pem"), 0644);
	CHECK_NUMBER(mode_of("users"), 0640);
	CHECK_NUMBER(RUN(conf_check, 0, 0, "--site", directory), EX_OK);
}

TEST(init_takes_a_domain_as_people_write_it)
{
	static struct conf_errors errors;
	static struct site site;
	char path[128];

	start();
	snprintf(path, sizeof path, "%s/posthold.conf", directory);
	CHECK_NUMBER(init("B\xc3\xbc" "cher.example"), EX_OK);
	CHECK_OK(settings_load(path, clock_instant(), &site, &errors));
	CHECK_SPAN(SITE_TEXT(site.domains[0].name), "xn--bcher-kva.example");
}

static const struct {
	const char *what, *domain, *stale; /* a file that is in the way */
} failures[] = {
	{ "no domain name", "agency", NULL },
	{ "two words", "agency example", NULL },
	{ "no name that may be registered", "xn--n3h.example", NULL },
	{ "settings exist", "agency.example", "posthold.conf" },
	{ "a key exists", "agency.example", "key.pem" },
	{ "accounts exist", "agency.example", "users" },
};

TEST(init_undoes_itself)
{
	static const char *const files[] = { "posthold.conf", "key.pem",
		"request.pem", "certificate.pem", "authority.pem", "users" };

	EACH_CASE(c, failures) {
		char path[128];

		start();
		snprintf(path, sizeof path, "%s/%s", directory,
			c->stale ? c->stale : "");
		if (c->stale)
			CHECK(close(open(path, O_CREAT | O_WRONLY, 0601)) == 0);
		CHECK_NUMBER(init(c->domain), EX_CANTCREAT);
		for (size_t i = 0; i < COUNT_OF(files); i++) {
			bool stale = c->stale && strcmp(files[i], c->stale) == 0;

			CHECK_NUMBER(mode_of(files[i]), stale ? 0601 : 0);
		}
	}
}

static const struct {
	const char *what, *login, *address, *input;
	int code;
} additions[] = {
	{ "a password is read", "alice", NULL, "four words of prose\n", EX_OK },
	{ "one is made", "bob", NULL, "\n", EX_OK },
	{ "nothing to read", "carol", NULL, "", EX_OK },
	{ "with an address", "dave", "d@agency.example", "\n", EX_OK },
	{ "a weak password", "erin", NULL, "password1234\n", EX_DATAERR },
	{ "twice", "alice", NULL, "\n", EX_DATAERR },
	{ "reserved", "root", NULL, "\n", EX_DATAERR },
	{ "a foreign domain", "erin", "e@other.example", "\n", EX_DATAERR },
	{ "an address is taken", "erin", "alice@agency.example", "\n",
		EX_DATAERR },
	{ "an option", "--erin", NULL, "\n", EX_USAGE },
};

TEST(user_add_admits_and_refuses)
{
	struct users *u;

	start();
	CHECK_NUMBER(init("agency.example"), EX_OK);
	EACH_CASE(c, additions) {
		type(c->input);
		CHECK_NUMBER(c->address ? RUN(user_add, 1, 9, "--site",
				     directory, c->login, c->address)
					: RUN(user_add, 1, 9, "--site",
						  directory, c->login),
			c->code);
	}
	u = load();
	CHECK_NUMBER(users_count(u), 4);
	CHECK(password_holds(users_by_login(u, SPAN("alice"))->verifier,
		SPAN("four words of prose")));
	CHECK(users_by_address(u, SPAN("d@agency.example")) ==
		users_by_login(u, SPAN("dave")));
	users_close(&u);
}

TEST(user_verbs_change_one_account)
{
	struct users *u;

	start();
	CHECK_NUMBER(init("agency.example"), EX_OK);
	CHECK_NUMBER(RUN(user_add, 1, 9, "--site", directory, "--generate",
			     "alice"), EX_OK);
	type("a brand new password\n");
	CHECK_NUMBER(RUN(user_passwd, 1, 1, "--site", directory, "alice"),
		EX_OK);
	CHECK_NUMBER(RUN(user_disable, 1, 2, "--site", directory, "alice",
			     "on leave"), EX_OK);
	CHECK_NUMBER(RUN(user_disable, 1, 2, "--site", directory, "bob"),
		EX_NOUSER);
	CHECK_NUMBER(RUN(user_list, 0, 0, "--site", directory), EX_OK);
	CHECK_NUMBER(RUN(user_list, 0, 0, "--site", directory, "--json"), EX_OK);
	u = load();
	CHECK_NUMBER(users_by_account(u, 1)->state, USER_DISABLED);
	CHECK(password_holds(users_by_account(u, 1)->verifier,
		SPAN("a brand new password")));
	users_close(&u);
	CHECK_NUMBER(RUN(user_enable, 1, 1, "--site", directory, "alice"),
		EX_OK);
}

/* --- what a password must be ---------------------------------------------- */

static void
append_to(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	f = fopen(path, "ae");
	CHECK(f != NULL);
	fputs(text, f);
	fclose(f);
}

static void
list_breached(const char *password)
{
	uint8_t hash[SHA1_OCTETS], room[64];
	struct buf line = BUF(room);

	CHECK_OK(crypto_start());
	sha1(span_of(password), hash);
	CHECK(buf_put_hex(&line, span_at(hash, sizeof hash)) &&
		buf_put_text(&line, ":7\n") && buf_push(&line, 0));
	append_to("breached", (const char *)line.at);
}

static const struct {
	const char *what, *policy, *password;
	int code;
} policies[] = {
	{ "short for one", "sp800-63b", "xkQ7vmw2pz", EX_DATAERR },
	{ "not for the other", "nc-2008", "xkQ7vmw2pz", EX_OK },
	{ "the same again", "nc-2008", "xkQ7vmw2pz", EX_DATAERR },
	{ "another", "nc-2008", "xkQ7vmw2pq", EX_OK },
	{ "one of before", "nc-2008", "xkQ7vmw2pz", EX_DATAERR },
	{ "of two kinds", "nc-2008", "correct horse battery", EX_DATAERR },
	{ "of two kinds, long", "sp800-63b", "correct horse battery", EX_OK },
	{ "breached", "sp800-63b", "Breached horse battery", EX_DATAERR },
	{ "breached, of three kinds", "nc-2008", "Breached horse battery",
		EX_DATAERR },
};

/* The settings of the directory with one more. */
static void
write_with_policy(const char *path, const char *policy)
{
	char from[128];
	static uint8_t room[8192];
	struct buf text = BUF(room);

	snprintf(from, sizeof from, "%s/posthold.conf", directory);
	OWNED(fd_close) int old = open(from, O_RDONLY | O_CLOEXEC);
	CHECK_OK(fd_read_whole(old, &text));
	CHECK(buf_put_text(&text, "password-policy ") &&
		buf_put_text(&text, policy) && buf_push(&text, '\n'));
	OWNED(fd_close) int fresh = open(path,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK(write(fresh, text.at, text.len) == (ssize_t)text.len);
}

TEST(user_passwd_follows_the_policy)
{
	char line[512];

	start();
	CHECK_NUMBER(init("agency.example"), EX_OK);
	list_breached("Breached horse battery");
	snprintf(line, sizeof line, "breached-passwords %s/breached\n",
		directory);
	append_to("posthold.conf", line);
	CHECK_NUMBER(RUN(user_add, 1, 9, "--site", directory, "--generate",
			     "alice"), EX_OK);
	EACH_CASE(c, policies) {
		char settings[128];

		snprintf(settings, sizeof settings, "%s/with", directory);
		write_with_policy(settings, c->policy);
		snprintf(line, sizeof line, "%s\n", c->password);
		type(line);
		CHECK_NUMBER(RUN(user_passwd, 1, 1, "-c", settings, "alice"),
			c->code);
	}
	test_row = "a list that is none";
	append_to("breached", "no list\n");
	type("another horse battery\n");
	CHECK_NUMBER(RUN(user_passwd, 1, 1, "--site", directory, "alice"),
		EX_NOINPUT);
}

TEST(app_passwords_are_made_and_removed)
{
	static const struct {
		const char *what;
		const char *words[4];
		int code;
	} rows[] = {
		{ "one", { "add", "alice", "phone" }, EX_OK },
		{ "twice", { "add", "alice", "phone" }, EX_DATAERR },
		{ "with a scope", { "add", "alice", "fax", "smtp" }, EX_OK },
		{ "with a wrong one", { "add", "alice", "x", "pop3" },
			EX_USAGE },
		{ "no name", { "add", "alice" }, EX_USAGE },
		{ "no such name", { "add", "alice", "Fax/2" }, EX_DATAERR },
		{ "of nobody", { "add", "bob", "phone" }, EX_NOUSER },
		{ "a list", { "list", "alice" }, EX_OK },
		{ "removed", { "remove", "alice", "phone" }, EX_OK },
		{ "twice", { "remove", "alice", "phone" }, EX_NOUSER },
		{ "no deed", { "change", "alice" }, EX_USAGE },
	};
	struct users *u;

	start();
	CHECK_NUMBER(init("agency.example"), EX_OK);
	CHECK_NUMBER(RUN(user_add, 1, 9, "--site", directory, "--generate",
			     "alice"), EX_OK);
	EACH_CASE(c, rows)
		CHECK_NUMBER(RUN(user_app_password, 2, 4, "--site", directory,
				     c->words[0], c->words[1], c->words[2],
				     c->words[3]),
			c->code);
	u = load();
	CHECK_NUMBER(users_extras(u), 1);
	CHECK_SPAN(span_of(users_extra_at(u, 0)->name), "fax");
	users_close(&u);
}

TEST(wrong_use_is_told_apart_from_wrong_sites)
{
	start();
	CHECK_NUMBER(RUN(conf_check, 0, 0, "--nonsense"), EX_USAGE);
	CHECK_NUMBER(RUN(conf_check, 0, 0, "--site"), EX_USAGE);
	CHECK_NUMBER(RUN(conf_check, 0, 0, "operand"), EX_USAGE);
	CHECK_NUMBER(RUN(user_add, 1, 9, "--site", directory), EX_USAGE);
	CHECK_NUMBER(RUN(conf_check, 0, 0, "--help"), EX_OK);
	CHECK_NUMBER(RUN(conf_check, 0, 0, "--site", directory), EX_CONFIG);
	CHECK_NUMBER(RUN(site_status, 0, 0, "--site", directory), EX_CONFIG);
	CHECK_NUMBER(init("agency.example"), EX_OK);
	CHECK_NUMBER(RUN(site_status, 0, 0, "--site", directory),
		EX_UNAVAILABLE);
	CHECK_NUMBER(RUN(queue_list, 0, 0, "--site", directory),
		EX_UNAVAILABLE);
	CHECK_NUMBER(RUN(queue_show, 1, 1, "--site", directory, "xyz"),
		EX_USAGE);
}
