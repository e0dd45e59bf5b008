#include "sys/sentinel.h"

#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/number.h"
#include "trust/roles.h"

#define FIRST_PERSON 1000 /* numbers of persons, as in login.defs(5) */
#define PATH_        512

/* Who needs an account below FIRST_PERSON, beside our roles. */
static const char *const needed[] = {
	"root",                     /* the kernel starts as it             */
	"bin", "daemon", "sys",     /* owners that the LSB demands         */
	"nobody",                   /* overflow number of the kernel       */
	"_apt",                     /* updates are fetched without rights  */
	"messagebus", "systemd-network", "systemd-resolve",
	"systemd-timesync",         /* parts of the system manager         */
	"clamav",                   /* the virus engine                    */
};

/* Groups that come with systems and that nothing here uses. */
static const char *const needless[] = { "games", "news", "uucp", "irc", "gnats",
	"list", "lp", "proxy", "www-data", "fax", "voice", "floppy", "ftp",
	"sync", "tape", "src", "operator" };

/* Whoever is in one of these rules the host, or reads its secrets. */
static const char *const ruling[] = { "root", "adm", "sudo", "wheel", "disk",
	"shadow", "docker", "lxd", "libvirt", "kvm", "staff" };

/* Names of persons that nobody has: what images and installers make. */
static const char *const nobodys[] = { "admin", "administrator", "test", "guest",
	"user", "demo", "ubuntu", "debian", "centos", "ec2-user", "vagrant",
	"pi", "ansible", "oracle", "postgres" };

static bool
is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

#define IS_ONE_OF(name, names) is_one_of(name, names, COUNT_OF(names))

static bool
is_role(const char *name)
{
	for (enum role r = LOG; r < CTL; r++)
		if (strcmp(name, role_row(r)->user) == 0)
			return true;
	return false;
}

static void
find(struct sentinel *s, const char *name, const char *why)
{
	struct sentinel_finding *f = &s->at[s->found];

	if (s->found++ >= SENTINEL_FINDINGS)
		return;
	snprintf(f->name, sizeof f->name, "%.63s", name);
	f->why = why;
}

static FILE *
open_below(const char *root, const char *path)
{
	char whole[PATH_];

	snprintf(whole, sizeof whole, "%s%s", root, path);
	return fopen(whole, "re");
}

static void
close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* --- passwd -------------------------------------------------------------- */

static bool
has_shell(const struct passwd *p)
{
	return !strstr(p->pw_shell, "nologin") && !strstr(p->pw_shell, "false");
}

/* A file of the account that lets it in or works for it. */
static const struct {
	const char *before, *behind;
	bool home; /* between the two is its home, else its name */
	const char *why;
} handles[] = {
	{ "", "/.ssh/authorized_keys", true, "has a key to log in with" },
	{ "/var/spool/cron/crontabs/", "", false, "has jobs of its own" },
	{ "/var/spool/cron/", "", false, "has jobs of its own" },
	{ "/var/lib/systemd/linger/", "", false, "has services of its own" },
};

static void
look_for_handles(const char *root, const struct passwd *p, struct sentinel *s)
{
	char path[PATH_];
	struct stat st;

	for (size_t i = 0; i < COUNT_OF(handles); i++) {
		snprintf(path, sizeof path, "%s%s%s%s", root, handles[i].before,
			handles[i].home ? p->pw_dir : p->pw_name,
			handles[i].behind);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
			st.st_size > 0)
			find(s, p->pw_name, handles[i].why);
	}
}

static void
look_at_account(const char *root, const struct passwd *p, struct sentinel *s)
{
	bool systems = p->pw_uid < FIRST_PERSON || p->pw_uid == 65534;

	s->accounts++;
	if (p->pw_uid == 0 && strcmp(p->pw_name, "root") != 0)
		find(s, p->pw_name, "is root by another name");
	if (!systems && IS_ONE_OF(p->pw_name, nobodys))
		find(s, p->pw_name, "is no person's name");
	if (!systems || p->pw_uid == 0)
		return;
	if (!IS_ONE_OF(p->pw_name, needed) && !is_role(p->pw_name))
		find(s, p->pw_name, "is not needed here");
	if (has_shell(p))
		find(s, p->pw_name, "has a shell");
	look_for_handles(root, p, s);
}

static FALLIBLE
look_at_accounts(const char *root, struct sentinel *s)
{
	OWNED(close_file) FILE *f = open_below(root, "/etc/passwd");

	if (!f)
		return &fault_sys_failed;
	for (struct passwd *p; (p = fgetpwent(f));)
		look_at_account(root, p, s);
	return OK;
}

/* --- shadow and group ---------------------------------------------------- */

/* Is the name one of a person?  Those may have a password. */
static bool
is_person(const char *root, const char *name)
{
	OWNED(close_file) FILE *f = open_below(root, "/etc/passwd");
	struct passwd *p;

	while (f && (p = fgetpwent(f)))
		if (strcmp(p->pw_name, name) == 0)
			return p->pw_uid >= FIRST_PERSON && p->pw_uid != 65534;
	return false;
}

static FALLIBLE
look_at_passwords(const char *root, struct sentinel *s)
{
	OWNED(close_file) FILE *f = open_below(root, "/etc/shadow");

	if (!f)
		return &fault_sys_failed;
	for (struct spwd *p; (p = fgetspent(f));) {
		bool locked = p->sp_pwdp[0] == '!' || p->sp_pwdp[0] == '*';

		if (p->sp_pwdp[0] == 0)
			find(s, p->sp_namp, "needs no password");
		else if (!locked && strcmp(p->sp_namp, "root") != 0 &&
			!is_person(root, p->sp_namp))
			find(s, p->sp_namp, "has a password");
	}
	return OK;
}

static FALLIBLE
look_at_groups(const char *root, struct sentinel *s)
{
	OWNED(close_file) FILE *f = open_below(root, "/etc/group");

	if (!f)
		return &fault_sys_failed;
	for (struct group *g; (g = fgetgrent(f));) {
		s->groups++;
		if (IS_ONE_OF(g->gr_name, needless))
			find(s, g->gr_name, "is a group without a use");
		for (char **m = g->gr_mem; *m; m++)
			if (is_role(*m))
				find(s, *m, "is in a group of others");
			else if (IS_ONE_OF(g->gr_name, ruling) &&
				!is_person(root, *m) && strcmp(*m, "root") != 0)
				find(s, *m, "is in a group that rules the host");
	}
	return OK;
}

FALLIBLE
sentinel_look(const char *root, struct sentinel *out)
{
	out->accounts = out->groups = out->found = 0;
	TRY(look_at_accounts(root, out));
	TRY(look_at_passwords(root, out));
	return look_at_groups(root, out);
}
