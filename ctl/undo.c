#include "ctl/undo.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/command.h"
#include "lib/base/must.h"
#include "sys/replace.h"

void
undo_note(struct undo *u, const char *path)
{
	MUST(u->count < UNDO_MOST);
	snprintf(u->made[u->count++], sizeof u->made[0], "%s", path);
}

bool
undo_directory(struct undo *u, const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0) {
		undo_note(u, path);
		return true;
	}
	if (errno == EEXIST)
		return true;
	complain(EX_CANTCREAT, path, strerror(errno));
	return false;
}

bool
undo_file(struct undo *u, const char *path, mode_t mode, struct span octets)
{
	const struct fault *f = replace_create(path, mode, octets);

	if (!f) {
		undo_note(u, path);
		return true;
	}
	if (f == &fault_file_exists)
		complain(EX_CANTCREAT, path,
			"exists already; move it away or choose another --dir");
	else
		complain_fault(f, path, "is the directory there and writable?");
	return false;
}

void
undo_all(struct undo *u)
{
	while (u->count > 0)
		(void)remove(u->made[--u->count]);
}
