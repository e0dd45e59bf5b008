/* posthold user */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ctl/control.h"
#include "ctl/secret.h"
#include "ctl/user.h"
#include "lib/base/number.h"
#include "state/users/rules.h"
#include "state/users/burnt.h"
#include "sys/breach.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/json.h"
#include "sys/mac.h"

struct site user_site;

/* What each fault means here, and the remedy. */
static const struct {
	const struct fault *fault;
	int code;
	const char *remedy;
} remedies[] = {
	{ &fault_user_exists, EX_DATAERR,
		"the login or an address is taken; `posthold user list`" },
	{ &fault_user_unknown, EX_NOUSER,
		"no such account; `posthold user list`" },
	{ &fault_user_name_refused, EX_DATAERR,
		"a login is 2 to 63 of a-z, 0-9, \".\", \"-\", \"_\", a letter "
		"first; an address is local@domain" },
	{ &fault_user_reserved, EX_DATAERR,
		"the name is reserved (NC-2.1.2); choose a person's, and give "
		"role addresses as further ADDRESS" },
	{ &fault_users_full, EX_DATAERR, "at most 8 addresses" },
	{ &fault_file_busy, EX_TEMPFAIL,
		"another command changes the accounts; try again" },
	{ &fault_record_damaged, EX_DATAERR,
		"the file of accounts is damaged; restore it from a backup" },
	{ &fault_sys_failed, EX_NOINPUT,
		"the file of accounts cannot be read; is it there, are you "
		"root?" },
	{ &fault_storage_failed, EX_IOERR,
		"the file of accounts cannot be written; are you root?" },
	{ &fault_storage_full, EX_IOERR, "the disk is full" },
};

int
user_explain(const struct fault *f, const char *what)
{
	for (size_t i = 0; i < COUNT_OF(remedies); i++)
		if (remedies[i].fault == f)
			return complain(remedies[i].code, what,
				remedies[i].remedy);
	return complain_fault(f, what, NULL);
}

int
user_start(struct call *c, const struct option *options, size_t count,
	const struct where *where)
{
	int code = options_take(c, options, count);

	if (code < 0)
		code = where_load(where, false, &user_site);
	if (code < 0 && crypto_start())
		code = complain(EX_SOFTWARE, "OpenSSL does not start", NULL);
	mac_start();
	return code;
}

/* A running auth gets the new file; without one there is nothing to tell. */
static int
tell_auth(void)
{
	OWNED(fd_close) int to = -1, file = -1;
	struct users_changed m = { .head = { .type = USERS_CHANGED } };
	union control_answer answer;
	const struct fault *f = control_open(&user_site, AUTH, &to);

	if (f == &fault_ipc_closed)
		return EX_OK;
	file = open(user_site.users, O_RDONLY | O_CLOEXEC);
	if (!f && file >= 0)
		f = control_send(to, &m, file);
	if (!f && file >= 0)
		f = control_receive(to, AUTH, &answer);
	if (f || file < 0)
		return complain(EX_UNAVAILABLE,
			"saved, but the running site was not told",
			"restart it");
	return EX_OK;
}

int
user_save(struct users_edit *e, const char *what)
{
	const struct fault *f = users_edit_save(e);

	return f ? user_explain(f, what) : tell_auth();
}

int
user_open(struct users_edit *e, const char *login, struct user **out)
{
	const struct fault *f = users_edit_open(user_site.users, e);

	if (!f)
		f = users_edit_find(e, span_of(login), out);
	return f ? user_explain(f, login) : -1;
}

static void
tell_made(const char *login, const struct buf *secret, bool made)
{
	if (made)
		printf("%s %.*s\n", login, (int)secret->len,
			(const char *)secret->at);
}

/* --- add ------------------------------------------------------------------- */

/* --- passwords ------------------------------------------------------------- */

static const struct password_policy *
policy(void)
{
	return password_policy((enum password_profile)user_site.passwords);
}

static int
admit_unbreached(struct span password)
{
	bool found = false;
	const struct fault *f;

	if (user_site.breached[0] == 0) {
		fprintf(stderr, "posthold: not compared with breached "
				"passwords: set breached-passwords\n");
		return -1;
	}
	f = breach_find(user_site.breached, password, &found);
	if (f)
		return complain(EX_NOINPUT, user_site.breached,
			"the list of breached passwords cannot be used; see "
			"breached-passwords of the settings");
	return found ? complain(EX_DATAERR, "the password is refused",
			       "it is in the list of breached passwords")
		     : -1;
}

/* user  NULL: a new account */
static int
admit_password(const struct users_edit *e, const struct user *user,
	struct span login, struct span password)
{
	const char *why;

	if (password_admit(policy(), password, login, &why))
		return complain(EX_DATAERR, "the password is too weak", why);
	if (user && users_edit_password_was(e, user, password))
		return complain(EX_DATAERR, "the password is refused",
			"the account has it or had it");
	return admit_unbreached(password);
}

/* The addresses in `text` as spans; LOGIN@DOMAIN when none was given. */
static size_t
collect_addresses(const struct call *c, char *own, size_t size,
	struct span out[USER_ADDRESSES])
{
	size_t n = 0;

	for (int i = 1; i < c->count && n < USER_ADDRESSES; i++)
		out[n++] = span_of(c->words[i]);
	if (n > 0)
		return n;
	snprintf(own, size, "%s@%s", c->words[0], user_site.domains[0].name);
	out[0] = span_of(own);
	return 1;
}

static int
check_domains(const struct span *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct span s = addresses[i];
		size_t at = span_find_octet(s, '@');

		if (at == s.len ||
			!site_represents(&user_site,
				span_at(s.at + at + 1, s.len - at - 1)))
			return complain(EX_DATAERR, (const char *)s.at,
				"its domain is not represented here; see "
				"`domain` of the settings");
	}
	return -1;
}

static int
add(struct call *c, const struct span *addresses, size_t count, bool make)
{
	uint8_t storage[PASSWORD_LONGEST + 1];
	struct buf secret = BUF(storage);
	OWNED(users_edit_close) struct users_edit e = { .lock = -1 };
	struct span login = span_of(c->words[0]);
	const struct fault *f = login_admit(login);
	bool made = false;
	int code = f ? user_explain(f, c->words[0])
		     : secret_read(make, &secret, &made);

	if (code < 0)
		code = made ? -1
			    : admit_password(NULL, NULL, login,
				      buf_view(&secret));
	if (code >= 0)
		return code;
	f = users_edit_open(user_site.users, &e);
	if (!f)
		f = users_edit_add(&e, login, addresses, count,
			buf_view(&secret), clock_instant());
	code = f ? user_explain(f, c->words[0]) : user_save(&e, c->words[0]);
	if (code == EX_OK)
		tell_made(c->words[0], &secret, made);
	password_wipe(storage, sizeof storage);
	return code;
}

#define SECRET_OPTIONS(where, make)                          \
	WHERE_OPTIONS(where),                                \
	{ "--generate", NULL, NULL, make,                    \
		"read no password: make one and print it once" }

int
user_add(struct call *c)
{
	struct where where = { 0 };
	bool make = false;
	const struct option options[] = { SECRET_OPTIONS(&where, &make) };
	struct span addresses[USER_ADDRESSES];
	char own[LOGIN_LONGEST + 260];
	size_t count;
	int code = user_start(c, options, COUNT_OF(options), &where);

	if (code >= 0)
		return code;
	count = collect_addresses(c, own, sizeof own, addresses);
	code = check_domains(addresses, count);
	return code >= 0 ? code : add(c, addresses, count, make);
}

/* --- changes --------------------------------------------------------------- */

int
user_passwd(struct call *c)
{
	struct where where = { 0 };
	bool make = false, made = false;
	const struct option options[] = { SECRET_OPTIONS(&where, &make) };
	uint8_t storage[PASSWORD_LONGEST + 1];
	struct buf secret = BUF(storage);
	OWNED(users_edit_close) struct users_edit e = { .lock = -1 };
	int code = user_start(c, options, COUNT_OF(options), &where);
	const struct fault *f;
	struct user *user;

	if (code < 0)
		code = secret_read(make, &secret, &made);
	if (code < 0)
		code = user_open(&e, c->words[0], &user);
	if (code < 0 && !made)
		code = admit_password(&e, user, span_of(user->login),
			buf_view(&secret));
	if (code >= 0)
		return code;
	f = users_edit_set_password(&e, user, buf_view(&secret),
		policy()->history, clock_instant());
	code = f ? user_explain(f, c->words[0]) : user_save(&e, c->words[0]);
	if (code == EX_OK)
		tell_made(c->words[0], &secret, made);
	password_wipe(storage, sizeof storage);
	return code;
}

static int
set_state(struct call *c, enum user_state state)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where) };
	OWNED(users_edit_close) struct users_edit e = { .lock = -1 };
	int code = user_start(c, options, COUNT_OF(options), &where);
	struct user *user;

	if (code < 0)
		code = user_open(&e, c->words[0], &user);
	if (code >= 0)
		return code;
	user_set_state(user, state,
		c->count > 1 ? span_of(c->words[1]) : SPAN(""));
	return user_save(&e, c->words[0]);
}

int
user_disable(struct call *c)
{
	return set_state(c, USER_DISABLED);
}

int
user_enable(struct call *c)
{
	return set_state(c, USER_ENABLED);
}

/* --- list ------------------------------------------------------------------ */

static struct burnt burnt;
static struct users *listed;

/* A site that never ran has no such file. */
static void
load_burnt(void)
{
	char path[sizeof user_site.users + sizeof ".burnt"];
	OWNED(fd_close) int fd = -1;

	snprintf(path, sizeof path, "%s.burnt", user_site.users);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && burnt_load(fd, &burnt))
		complain(EX_OK, path, "cannot be read");
}

static const char *
state_word(const struct user *u)
{
	return u->state != USER_ENABLED		 ? "disabled"
		: burnt_has(&burnt, listed, u) ? "burnt"
					       : "enabled";
}

static void
print_user(const struct user *u)
{
	struct span s;
	size_t at = 0;

	printf("%6u  %-8s  %s\n", u->account, state_word(u), u->login);
	while (s = user_next_address(u, &at), span_is_set(s))
		printf("                  %.*s\n", (int)s.len,
			(const char *)s.at);
	if (u->reason[0])
		printf("                  (%s)\n", u->reason);
}

static void
add_user(struct json *j, const struct user *u)
{
	struct span s;
	size_t at = 0;

	json_open_object(j, NULL);
	json_number(j, "account", u->account);
	json_text(j, "login", span_of(u->login));
	json_text(j, "state", span_of(state_word(u)));
	json_text(j, "reason", span_of(u->reason));
	json_open_array(j, "addresses");
	while (s = user_next_address(u, &at), span_is_set(s))
		json_text(j, NULL, s);
	json_close(j);
	json_close(j);
}

static int
print_json(const struct users *u)
{
	OWNED(json_drop) struct json j = { 0 };

	json_start(&j);
	json_open_array(&j, "users");
	for (size_t i = 0; i < users_count(u); i++)
		add_user(&j, users_at(u, i));
	json_close(&j);
	return json_print(&j) ? EX_OK : EX_IOERR;
}

static int
print_all(const struct users *u)
{
	for (size_t i = 0; i < users_count(u); i++)
		print_user(users_at(u, i));
	return EX_OK;
}

int
user_list(struct call *c)
{
	struct where where = { 0 };
	bool json = false;
	const struct option options[] = { WHERE_OPTIONS(&where),
		{ "--json", NULL, NULL, &json, "as JSON" } };
	OWNED(fd_close) int fd = -1;
	int code = user_start(c, options, COUNT_OF(options), &where);
	const struct fault *f = &fault_sys_failed;

	if (code >= 0)
		return code;
	fd = open(user_site.users, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		f = users_load(fd, &listed);
	if (f)
		return user_explain(f, user_site.users);
	load_burnt();
	code = json ? print_json(listed) : print_all(listed);
	users_close(&listed);
	return code;
}
