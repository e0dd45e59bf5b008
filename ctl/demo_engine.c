/* clamd with two signatures of our own, so that it is ready in a moment and
 * nothing is downloaded. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/child.h"
#include "ctl/command.h"
#include "ctl/demo.h"
#include "sys/fd.h"
#include "sys/replace.h"

#define ENGINE "/usr/sbin/clamd"

/* Name, any kind of file, anywhere, octets in hexadecimal: the EICAR test file
 * and a word of our own. */
static const char signatures[] =
	"Demo.Eicar:0:*:58354f2150254041505b345c505a58353428505e2937434329377d"
	"2445494341522d5354414e444152442d414e544956495255532d544553542d46494c"
	"452124482b482a\n"
	"Demo.Word:0:*:706f7374686f6c642d64656d6f2d6d616c776172652d776f7264\n";

static bool
write_file(const struct demo *d, const char *name, const char *text)
{
	char path[256];
	const struct fault *f;

	demo_path(d, name, path);
	f = replace_whole(path, 0644, span_of(text));
	if (f)
		complain_fault(f, path, "is the directory writable?");
	return !f;
}

static bool
write_settings(const struct demo *d)
{
	char text[1024], path[256];

	demo_path(d, "signatures", path);
	mkdir(path, 0755);
	snprintf(text, sizeof text,
		"Foreground yes\n"
		"LocalSocket %s/clamd.sock\n"
		"LocalSocketMode 600\n"
		"FixStaleSocket yes\n"
		"DatabaseDirectory %s\n"
		"LogFile %s/clamd.log\n"
		"StreamMaxLength 512M\n"
		"MaxScanSize 512M\n"
		"MaxFileSize 512M\n"
		"AlertExceedsMax yes\n"
		"DisableCache yes\n"
		"MaxThreads 4\n",
		d->directory, path, d->directory);
	return write_file(d, "signatures/demo.ndb", signatures) &&
		write_file(d, "clamd.conf", text);
}

static bool
pong(const char *path)
{
	OWNED(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char answer[5];

	snprintf(at.sun_path, sizeof at.sun_path, "%.100s", path);
	return connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
		send(fd, "zPING", 6, MSG_NOSIGNAL) == 6 &&
		recv(fd, answer, sizeof answer, MSG_WAITALL) == 5 &&
		memcmp(answer, "PONG", 5) == 0;
}

static bool
wait_pong(struct demo *d)
{
	char path[256];

	demo_path(d, "clamd.sock", path);
	for (int i = 0; i < 600; i++) {
		if (pong(path))
			return true;
		if (waitpid(d->engine, NULL, WNOHANG) == d->engine) {
			d->engine = -1;
			break;
		}
		usleep(50000);
	}
	return false;
}

bool
demo_engine_start(struct demo *d)
{
	char option[300];
	const char *const words[] = { ENGINE, option, NULL };

	if (d->clamd)
		return true;
	if (access(ENGINE, X_OK) != 0) {
		complain(0, "clamd is not installed",
			"every message is refused for now (451)");
		return true;
	}
	if (!write_settings(d))
		return false;
	snprintf(option, sizeof option, "--config-file=%s/clamd.conf",
		d->directory);
	d->engine = child_start(words, "/dev/null"); /* it has a log */
	if (!wait_pong(d))
		complain(0, "clamd does not answer",
			"every message is refused for now (451); see "
			"DIR/clamd.log");
	return true;
}
