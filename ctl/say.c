/* Messages, and finding the site. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/command.h"
#include "sys/clock.h"
#include "sys/settings.h"

int
complain(int code, const char *what, const char *remedy)
{
	fprintf(stderr, "posthold: %s%s%s\n", what, remedy ? ": " : "",
		remedy ? remedy : "");
	return code;
}

int
complain_fault(const struct fault *f, const char *what, const char *remedy)
{
	int code = f->blame == BLAME_LATER ? EX_TEMPFAIL
		: f->blame == BLAME_BUG	   ? EX_SOFTWARE
					   : EX_UNAVAILABLE;

	fprintf(stderr, "posthold: %s: %s%s%s\n", what, f->name,
		remedy ? ": " : "", remedy ? remedy : "");
	return code;
}

const char *
where_path(const struct where *w)
{
	static char path[512];

	if (w->file)
		return w->file;
	if (!w->directory)
		return DEFAULT_SETTINGS;
	snprintf(path, sizeof path, "%s/posthold.conf", w->directory);
	return path;
}

static void
print_error(const char *path, const struct conf_error *e)
{
	fprintf(stderr, "posthold: %s:%u: %s%s%s%s\n", path, e->line,
		e->weight == WEIGHT_WARNING ? "warning: " : "", e->key,
		e->key[0] ? ": " : "", e->text);
}

static void
print_errors(const char *path, bool warnings, const struct conf_errors *errors)
{
	for (uint32_t i = 0; i < errors->count; i++)
		if (warnings || errors->at[i].weight == WEIGHT_ERROR)
			print_error(path, &errors->at[i]);
	if (errors->dropped > 0)
		fprintf(stderr, "posthold: %s: %u more are not shown\n", path,
			errors->dropped);
}

int
where_load(const struct where *w, bool all, struct site *out)
{
	static struct conf_errors errors;
	const char *path = where_path(w);
	const struct fault *f = settings_load(path, clock_instant(), out,
		&errors);

	print_errors(path, all, &errors);
	if (f || !all)
		return f ? EX_CONFIG : -1;
	f = settings_check_addresses(out, clock_instant(), &errors);
	print_errors(out->addresses, true, &errors);
	return f ? EX_CONFIG : -1;
}

bool
absolute_path(const char *directory, char out[416])
{
	char here[208];

	if (directory[0] == '/') {
		snprintf(out, 416, "%s", directory);
	} else if (!getcwd(here, sizeof here) ||
		strlen(here) + strlen(directory) > 200) {
		complain(EX_USAGE, directory, "use an absolute path");
		return false;
	} else
		snprintf(out, 416, "%.200s/%.200s", here, directory);
	while (strlen(out) > 1 && out[strlen(out) - 1] == '/')
		out[strlen(out) - 1] = 0;
	return true;
}
