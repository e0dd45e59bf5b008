#include "sys/sentinel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/base/test.h"

static char root[40];
static struct sentinel s;

static void
write_file(const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof path, "%s%s", root, name);
	f = fopen(path, "we");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void
make(const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "%s%s", root, name);
	CHECK(mkdir(path, 0755) == 0);
}

static void
begin(void)
{
	static const char *const directories[] = { "/etc", "/home", "/home/n",
		"/home/n/.ssh", "/var", "/var/spool", "/var/spool/cron",
		"/var/spool/cron/crontabs", "/var/lib", "/var/lib/systemd",
		"/var/lib/systemd/linger" };

	snprintf(root, sizeof root, "/tmp/sentinel_test.XXXXXX");
	CHECK(mkdtemp(root) != NULL);
	for (size_t i = 0; i < COUNT_OF(directories); i++)
		make(directories[i]);
}

static void
end(void)
{
	pid_t child = fork();

	if (child == 0) {
		execlp("rm", "rm", "-rf", root, (char *)NULL);
		_exit(1);
	}
	CHECK(waitpid(child, NULL, 0) == child);
}

#define NOLOGIN ":/nonexistent:/usr/sbin/nologin\n"

/* A host as it should be. */
static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
	"daemon:x:1:1:d" NOLOGIN "nobody:x:65534:65534:n" NOLOGIN
	"posthold-mx:x:990:990:m" NOLOGIN
	"jroe:x:1000:1000:J. Roe:/home/jroe:/bin/bash\n";
static const char shadow[] = "root:$y$j9T$x:1::::::\ndaemon:*:1::::::\n"
	"nobody:!:1::::::\nposthold-mx:!:1::::::\njroe:$y$j9T$y:1::::::\n";
static const char group[] = "root:x:0:\nadm:x:4:jroe\nsudo:x:27:jroe\n"
	"posthold-mx:x:990:\n";

static const struct {
	const char *what, *passwd, *shadow, *group, *file;
	const char *name, *why; /* NULL: nothing is found */
} hosts[] = {
	{ "as it should be", "", "", "", NULL, NULL, NULL },
	{ "a default account", "games:x:5:60:g:/usr/games:/usr/sbin/nologin\n",
		"", "", NULL, "games", "is not needed here" },
	{ "a shell", "_apt:x:42:65534::/nonexistent:/bin/sh\n", "", "", NULL,
		"_apt", "has a shell" },
	{ "a second root", "toor:x:0:0::/root:/bin/bash\n", "", "", NULL, "toor",
		"is root by another name" },
	{ "an image's person", "ubuntu:x:1001:1001::/home/u:/bin/bash\n", "", "",
		NULL, "ubuntu", "is no person's name" },
	{ "a system account with a password", "bin:x:2:2:b" NOLOGIN,
		"bin:$y$j9T$z:1::::::\n", "", NULL, "bin", "has a password" },
	{ "no password at all", "", "guestbook::1::::::\n", "", NULL,
		"guestbook", "needs no password" },
	{ "a default group", "", "", "games:x:60:\n", NULL, "games",
		"is a group without a use" },
	{ "a role in another group", "", "", "mail:x:8:posthold-mx\n", NULL,
		"posthold-mx", "is in a group of others" },
	{ "a service that rules", "", "", "docker:x:99:daemon\n", NULL, "daemon",
		"is in a group that rules the host" },
	{ "a key", "clamav:x:110:110::/home/n:/usr/sbin/nologin\n", "", "",
		"/home/n/.ssh/authorized_keys", "clamav",
		"has a key to log in with" },
	{ "a crontab", "", "", "", "/var/spool/cron/crontabs/daemon", "daemon",
		"has jobs of its own" },
	{ "lingering services", "", "", "",
		"/var/lib/systemd/linger/posthold-mx", "posthold-mx",
		"has services of its own" },
};

TEST(what_is_there_by_default_is_found)
{
	EACH_CASE(k, hosts) {
		char text[3000];

		begin();
		snprintf(text, sizeof text, "%s%s", passwd, k->passwd);
		write_file("/etc/passwd", text);
		snprintf(text, sizeof text, "%s%s", shadow, k->shadow);
		write_file("/etc/shadow", text);
		snprintf(text, sizeof text, "%s%s", group, k->group);
		write_file("/etc/group", text);
		if (k->file)
			write_file(k->file, "x\n");
		CHECK_OK(sentinel_look(root, &s));
		CHECK(s.accounts >= 5 && s.groups >= 4);
		CHECK_NUMBER(s.found, k->name != NULL);
		if (k->name) {
			CHECK_SPAN(span_of(s.at[0].name), k->name);
			CHECK_SPAN(span_of(s.at[0].why), k->why);
		}
		end();
	}
}

TEST(what_cannot_be_read_is_no_good_host)
{
	begin();
	write_file("/etc/passwd", passwd);
	CHECK(sentinel_look(root, &s) == &fault_sys_failed);
	end();
}
