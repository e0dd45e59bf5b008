#include "standard/programs.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "trust/roles.h"

/* Is every program of the site one of the table, and nothing more installed? */
static bool
is_program(const char *name)
{
	for (enum role r = LOG; r < CTL; r++)
		if (role_runs(r, BUILD_LOCAL) &&
			strcmp(name, role_row(r)->name) == 0)
			return true;
	return strcmp(name, role_row(MASTER)->name) == 0;
}

static void
close_directory(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Where the master's program is; NULL when that cannot be seen. */
static DIR *
open_programs(pid_t master)
{
	char link[40], path[1024];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/%d/exe", master);
	n = readlink(link, path, sizeof path - 1);
	if (n <= 0)
		return NULL;
	path[n] = 0;
	*strrchr(path, '/') = 0;
	return opendir(path);
}

bool
programs_more(pid_t master, char out[64])
{
	OWNED(close_directory) DIR *d = open_programs(master);

	if (!d)
		return false;
	out[0] = 0;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && !is_program(e->d_name))
			snprintf(out, 64, "%.63s", e->d_name);
	return true;
}
