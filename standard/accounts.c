/* NC-2.1.2 and footnote 2: accounts of the site, and of the system for it. */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "standard/checks.h"
#include "state/users/rules.h"
#include "state/users/users.h"
#include "sys/fd.h"
#include "trust/roles.h"

static const struct fault *
load(const struct inspection *i, struct users **out)
{
	OWNED(fd_close) int fd = open(i->site->users, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? &fault_sys_failed : users_load(fd, out);
}

static const struct user *
find_reserved(const struct users *u)
{
	for (size_t n = 0; n < users_count(u); n++)
		if (login_is_reserved(span_of(users_at(u, n)->login)))
			return users_at(u, n);
	return NULL;
}

/* A role whose account could be logged in to, or is shared; NULL: all are
 * well. */
static const char *
find_bad_account(bool *missing)
{
	*missing = false;
	for (enum role r = LOG; r < CTL; r++) {
		const struct passwd *a = getpwnam(role_row(r)->user);

		if (!a)
			*missing = true;
		else if (a->pw_uid == 0 || !strstr(a->pw_shell, "nologin"))
			return role_row(r)->user;
	}
	return NULL;
}

void
accounts(const struct inspection *i, struct proof *p)
{
	OWNED(users_close) struct users *u = NULL;
	const struct fault *f = load(i, &u);
	const struct user *reserved;
	const char *bad;
	bool missing;

	proof_looked(p, "logins of %s; the system accounts of the roles",
		i->site->users);
	if (f) {
		proof_missing(p, "the file of accounts cannot be read: %s",
			f->name);
		return;
	}
	reserved = find_reserved(u);
	bad = find_bad_account(&missing);
	if (reserved)
		proof_bad(p, "make a person's account, give the name as alias",
			"login \"%s\" is guessed first", reserved->login);
	else if (bad)
		proof_bad(p, "run systemd-sysusers with our sysusers.d file",
			"account %s has a shell or is root", bad);
	else if (missing)
		proof_remark(p, "run systemd-sysusers with our sysusers.d file",
			"%zu logins, none reserved; the roles have no system "
			"accounts of their own",
			users_count(u));
	else
		proof_good(p, "%zu logins, none reserved; each role has an "
			      "account that nobody can log in to",
			users_count(u));
}

static bool
is_one_way(const struct user *u)
{
	return span_starts(span_of(u->verifier), SPAN("$argon2id$")) &&
		u->scram.iterations >= 4096;
}

void
verifiers(const struct inspection *i, struct proof *p)
{
	OWNED(users_close) struct users *u = NULL;
	const struct fault *f = load(i, &u);

	proof_looked(p, "verifiers of %s", i->site->users);
	if (f) {
		proof_missing(p, "the file of accounts cannot be read: %s",
			f->name);
		return;
	}
	for (size_t n = 0; n < users_count(u); n++)
		if (!is_one_way(users_at(u, n))) {
			proof_bad(p, "set a new password",
				"login \"%s\" has a weak verifier",
				users_at(u, n)->login);
			return;
		}
	proof_good(p, "%zu accounts, all Argon2id and SCRAM-SHA-256; profile "
		      "sp800-63b",
		users_count(u));
}
