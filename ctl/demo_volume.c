/* A block device for the mailboxes alone (NC-2.2.b), in a file. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/child.h"
#include "ctl/command.h"
#include "ctl/demo.h"

#define VOLUME_OCTETS ((off_t)4 << 30) /* sparse: what is used is used */

static bool
is_own_device(const char *directory, const char *parent)
{
	struct stat inner, outer;

	return stat(directory, &inner) == 0 && stat(parent, &outer) == 0 &&
		inner.st_dev != outer.st_dev;
}

static bool
format(const char *image)
{
	const char *const words[] = { "/sbin/mkfs.ext4", "-q", "-F", "-m", "0",
		"-E", "lazy_itable_init=1,lazy_journal_init=1", image, NULL };
	int fd = open(image, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool made = fd >= 0 && ftruncate(fd, VOLUME_OCTETS) == 0;

	if (fd >= 0)
		close(fd);
	made = made && child_run(words, false);
	if (!made)
		unlink(image);
	return made;
}

static bool
mount_image(const char *image, const char *directory)
{
	const char *const words[] = { "/bin/mount", "-o",
		"loop,nodev,nosuid,noexec", image, directory, NULL };

	return child_run(words, false);
}

void
demo_mount(struct demo *d)
{
	char image[256], directory[256];

	demo_path(d, "mailboxes.img", image);
	demo_path(d, "mailboxes", directory);
	mkdir(directory, 0700);
	d->mounted = is_own_device(directory, d->directory);
	if (!d->volume || d->mounted)
		return;
	if (geteuid() == 0 && (access(image, F_OK) == 0 || format(image)))
		d->mounted = mount_image(image, directory);
	if (!d->mounted)
		complain(0, "no own volume for the mailboxes here",
			"clause NC-2.2.b fails");
}

/* What somebody else still uses goes when he lets go. */
void
demo_unmount(struct demo *d)
{
	char directory[256];

	demo_path(d, "mailboxes", directory);
	if (d->mounted)
		(void)umount2(directory, MNT_DETACH);
	d->mounted = false;
}
