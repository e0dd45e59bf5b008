/* posthold log: the files of the log directory, one a day, one event a line of
 * JSON (state/log/row.h). */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/command.h"
#include "lib/base/number.h"
#include "sys/clock.h"

#define WANTED   16     /* words and options to match          */
#define LOOK     200000 /* microseconds between looks          */
#define LINE_MAX_ 16384

static struct site site;

/* What a line must hold, all of it. */
struct filter {
	char texts[WANTED][128];
	size_t count;
};

static void
want(struct filter *f, const char *format, const char *value)
{
	if (value && f->count < WANTED)
		snprintf(f->texts[f->count++], sizeof f->texts[0],
			*format ? "\"%s\":\"%s\"" : "%s%s", format, value);
}

static bool
passes(const struct filter *f, const char *line)
{
	for (size_t i = 0; i < f->count; i++)
		if (!strstr(line, f->texts[i]))
			return false;
	return true;
}

static size_t
print_rest(FILE *file, const struct filter *f)
{
	static char line[LINE_MAX_];
	size_t shown = 0;

	while (fgets(line, sizeof line, file)) {
		size_t len = strlen(line);

		if (line[len - 1] != '\n') { /* still being written */
			fseek(file, -(long)len, SEEK_CUR);
			break;
		}
		if (passes(f, line)) {
			fputs(line, stdout);
			shown++;
		}
	}
	clearerr(file);
	return shown;
}

static void
path_of(const char *name, char out[600])
{
	snprintf(out, 600, "%s/%.300s", site.log_directory, name);
}

/* --- grep ------------------------------------------------------------------ */

static int
is_day(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len == 16 && strcmp(e->d_name + 10, ".jsonl") == 0;
}

static int
search(const struct filter *f, const char *since)
{
	struct dirent **days;
	int n = scandir(site.log_directory, &days, is_day, alphasort);
	size_t shown = 0;
	char path[600];

	if (n < 0)
		return complain(EX_NOINPUT, site.log_directory,
			"cannot be read; does the site log, are you root?");
	for (int i = 0; i < n; i++) {
		FILE *file = NULL;

		path_of(days[i]->d_name, path);
		if (!since || strncmp(days[i]->d_name, since, 10) >= 0)
			file = fopen(path, "re");
		if (file) {
			shown += print_rest(file, f);
			fclose(file);
		}
		free(days[i]);
	}
	free(days);
	return shown > 0 ? EX_OK : 1;
}

/* --- follow ---------------------------------------------------------------- */

static FILE *
open_today(char day[20])
{
	struct civil c = civil_of(clock_instant());
	char path[600];

	snprintf(day, 20, "%04d-%02d-%02d.jsonl", (int)c.year % 10000,
		c.month % 100, c.day % 100);
	path_of(day, path);
	return fopen(path, "re");
}

static void
follow(const struct filter *f)
{
	char day[20], now[20];
	FILE *file = open_today(day), *next;

	if (file)
		fseek(file, 0, SEEK_END);
	while (!ferror(stdout)) {
		if (file)
			print_rest(file, f);
		fflush(stdout);
		usleep(LOOK);
		next = open_today(now);
		if (next && (!file || strcmp(day, now) != 0)) {
			if (file) {
				print_rest(file, f);
				fclose(file);
			}
			file = next;
			memcpy(day, now, sizeof day);
		} else if (next)
			fclose(next);
	}
	if (file)
		fclose(file);
}

/* --- verbs ----------------------------------------------------------------- */

struct log_options {
	struct where where;
	const char *event, *session, *role, *since;
};

#define LOG_OPTIONS(o)                                                       \
	WHERE_OPTIONS(&(o)->where),                                          \
	{ "--event", "NAME", &(o)->event, NULL, "only this event" },         \
	{ "--session", "ID", &(o)->session, NULL, "only this session" },     \
	{ "--role", "ROLE", &(o)->role, NULL, "only this process" }

static void
fill(struct filter *f, const struct log_options *o, const struct call *c)
{
	want(f, "event", o->event);
	want(f, "session", o->session);
	want(f, "role", o->role);
	for (int i = 0; i < c->count; i++)
		want(f, "", c->words[i]);
}

int
log_grep(struct call *c)
{
	static struct filter filter;
	struct log_options o = { 0 };
	const struct option options[] = { LOG_OPTIONS(&o),
		{ "--since", "YYYY-MM-DD", &o.since, NULL,
			"from this day on, UTC" } };
	int code = options_take(c, options, COUNT_OF(options));

	if (code < 0)
		code = where_load(&o.where, false, &site);
	if (code >= 0)
		return code;
	fill(&filter, &o, c);
	return search(&filter, o.since);
}

int
log_follow(struct call *c)
{
	static struct filter filter;
	struct log_options o = { 0 };
	const struct option options[] = { LOG_OPTIONS(&o) };
	int code = options_take(c, options, COUNT_OF(options));

	if (code < 0)
		code = where_load(&o.where, false, &site);
	if (code >= 0)
		return code;
	fill(&filter, &o, c);
	follow(&filter);
	return EX_OK;
}
