/* NC-2.1.2 and footnote 2: accounts of the site, and of the system for it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/number.h"
#include "standard/checks.h"
#include "standard/talk.h"
#include "state/users/rules.h"
#include "state/users/users.h"
#include "sys/account.h"
#include "sys/fd.h"
#include "sys/sentinel.h"
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

/* Two roles that run as one, or as root; NULL: all are well. */
static const char *
find_bad_role(const struct site *s)
{
	uid_t uids[ROLES] = { 0 };

	for (enum role r = LOG; r < CTL; r++) {
		if (account_of(r, s->production, &uids[r]))
			return role_row(r)->user;
		for (enum role q = NOBODY; q < r; q++)
			if (uids[r] == uids[q])
				return role_row(r)->user;
	}
	return NULL;
}

/* On a host that is the site's alone everybody's accounts are judged. */
static bool
are_needed(const struct inspection *i, struct proof *p)
{
	static struct sentinel s;

	if (!site_owns_host(i->site))
		return true;
	if (sentinel_look("", &s))
		proof_missing(p, "passwd, shadow and group cannot be read; are you "
				 "root?");
	else if (s.found > 0)
		proof_bad(p, "remove it, or lock it",
			"%u findings; the first: %s %s", s.found, s.at[0].name,
			s.at[0].why);
	else
		return true;
	return false;
}

void
accounts(const struct inspection *i, struct proof *p)
{
	OWNED(users_close) struct users *u = NULL;
	const struct fault *f = load(i, &u);
	const struct user *reserved;
	const char *bad;

	proof_looked(p, "logins of %s; accounts and groups of the %s",
		i->site->users, site_owns_host(i->site) ? "host" : "roles");
	if (f) {
		proof_missing(p, "the file of accounts cannot be read: %s",
			f->name);
		return;
	}
	reserved = find_reserved(u);
	bad = find_bad_role(i->site);
	if (reserved)
		proof_bad(p, "make a person's account, give the name as alias",
			"login \"%s\" is guessed first", reserved->login);
	else if (bad)
		proof_bad(p, "run systemd-sysusers with our sysusers.d file",
			"%s is missing, shared or root", bad);
	else if (are_needed(i, p))
		proof_good(p, "%zu logins, none reserved; each role has a number "
			      "of its own%s",
			users_count(u),
			site_owns_host(i->site)
				? "; nothing is there by default"
				: "; those of the host are not judged, for it "
				  "is not the site's alone");
}

/* --- ACC-01 --------------------------------------------------------------- */

/* PLAIN of RFC 4616 in base64, and the same for LOGIN of IMAP. */
static const struct {
	const char *plain, *login;
} pairs[] = {
	{ "AGFkbWluAGFkbWlu", "admin admin" },
	{ "AHRlc3QAdGVzdA==", "test test" },
	{ "AHBvc3RtYXN0ZXIAcG9zdG1hc3Rlcg==", "postmaster postmaster" },
	{ "AHJvb3QAcm9vdA==", "root root" },
	{ "AHVzZXIAcGFzc3dvcmQ=", "user password" },
};

#define PAIRS    COUNT_OF(pairs)
#define PATIENCE 40 /* seconds: refusals come late to who fails often */

/* All at once, for each waits longer than the one before. */
static bool
ask_all(const struct inspection *i, const struct site_permit *permit,
	struct talk talks[PAIRS], size_t *opened)
{
	for (*opened = 0; *opened < PAIRS; ++*opened) {
		struct talk *t = &talks[*opened];

		if (!talk_open(t, permit, SITE_TEXT(i->site->host)))
			return false;
	}
	for (size_t n = 0; n < PAIRS; n++) {
		char line[100];
		int len;

		if (!talks[n].imap)
			talk_say(&talks[n], "EHLO probe.invalid");
		len = snprintf(line, sizeof line, "%s%s\r\n",
			talks[n].imap ? "a LOGIN " : "AUTH PLAIN ",
			talks[n].imap ? pairs[n].login : pairs[n].plain);
		if (!talk_send(&talks[n], span_at(line, (size_t)len)))
			return false;
	}
	return true;
}

/* Every answer is the same refusal. */
static bool
are_refused(const struct site_permit *permit, struct talk talks[PAIRS],
	struct proof *p)
{
	const char *name = service_name(permit->service);

	for (size_t n = 0; n < PAIRS; n++) {
		int code = talk_hear(&talks[n], PATIENCE);

		if (code / 100 == 2) {
			proof_bad(p, "remove that account now",
				"%s lets in %s", name, pairs[n].login);
			return false;
		}
		if (code / 100 != 5) {
			proof_missing(p, "%s answers %s with %d", name,
				pairs[n].login, code);
			return false;
		}
		if (strcmp(talks[0].reply, talks[n].reply) != 0) {
			proof_bad(p, "report it: there is no setting for it",
				"%s answers %s differently", name,
				pairs[n].login);
			return false;
		}
	}
	return true;
}

static bool
try_pairs(const struct inspection *i, const struct site_permit *permit,
	struct proof *p)
{
	static struct talk talks[PAIRS];
	size_t opened;
	bool good = ask_all(i, permit, talks, &opened);

	if (good)
		good = are_refused(permit, talks, p);
	else
		proof_missing(p, "%s does not answer",
			service_name(permit->service));
	for (size_t n = 0; n < opened; n++)
		talk_close(&talks[n]);
	return good;
}

void
default_logins(const struct inspection *i, struct proof *p)
{
	static const enum service services[] = { SERVICE_SUBMISSIONS,
		SERVICE_IMAPS };
	size_t asked = 0;

	proof_looked(p, "%zu logins that are tried first, with the passwords that "
			"are, inside TLS; asked from this host",
		PAIRS);
	for (size_t n = 0; n < COUNT_OF(services); n++) {
		const struct site_permit *permit = talk_permit(i->site,
			services[n], i->now);

		if (permit && !try_pairs(i, permit, p))
			return;
		asked += permit != NULL;
	}
	if (asked > 0)
		proof_good(p, "all refused in the same words by %zu services",
			asked);
	else
		proof_missing(p, "no service with a login is open");
}

/* --- verifiers ------------------------------------------------------------ */

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
