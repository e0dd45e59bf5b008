/* NC-2.2.b: where the mailboxes are. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "standard/checks.h"

#define LOOP_MAJOR 7 /* Documentation/admin-guide/devices.txt of Linux */

static bool
device_of(const char *path, dev_t *out)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	*out = st.st_dev;
	return true;
}

/* A place that must be on another device, and is not; NULL: none. */
static const char *
find_shared(const struct inspection *i, dev_t device)
{
	const char *const others[] = { "/", "/usr", i->settings,
		"/proc/self/exe", i->site->queue_directory,
		i->site->log_directory, i->site->key };
	dev_t other;

	for (size_t n = 0; n < sizeof others / sizeof others[0]; n++)
		if (others[n][0] && device_of(others[n], &other) &&
			other == device)
			return others[n];
	return NULL;
}

void
own_volume(const struct inspection *i, struct proof *p)
{
	const char *at = i->site->mailbox_directory;
	const unsigned long wanted = ST_NODEV | ST_NOSUID | ST_NOEXEC;
	struct statvfs fs;
	const char *shared;
	dev_t device;

	proof_looked(p, "device and mount options of %s", at);
	if (!device_of(at, &device) || statvfs(at, &fs) != 0) {
		proof_missing(p, "it cannot be looked at; is it there, are you "
				 "root?");
		return;
	}
	shared = find_shared(i, device);
	if (shared)
		proof_bad(p, "mount a volume of its own there",
			"it is on the device of %s", shared);
	else if ((fs.f_flag & wanted) != wanted)
		proof_bad(p, "mount it with nodev,nosuid,noexec",
			"a mount option is missing");
	else if (major(device) == LOOP_MAJOR)
		proof_remark(p, "good for a demonstration only",
			"its own device %u:%u, but in a file of another disk",
			major(device), minor(device));
	else
		proof_good(p, "its own device %u:%u with nodev,nosuid,noexec",
			major(device), minor(device));
}
