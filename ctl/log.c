/* posthold log: events as they stand in the log. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/log_days.h"
#include "lib/base/number.h"
#include "sys/clock.h"

#define WANTED   16     /* words and options to match          */
#define LOOK     200000 /* microseconds between looks          */

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

/* What it prints, and how often it did. */
struct printer {
	const struct filter *filter;
	size_t shown;
};

static void
print_line(void *owner, const char *line)
{
	struct printer *p = owner;

	if (!passes(p->filter, line))
		return;
	fputs(line, stdout);
	p->shown++;
}

/* --- follow ---------------------------------------------------------------- */

static FILE *
open_today(char day[20])
{
	struct civil c = civil_of(clock_instant());
	char path[600];

	snprintf(day, 20, "%04d-%02d-%02d.jsonl", (int)c.year % 10000,
		c.month % 100, c.day % 100);
	log_path(&site, day, path);
	return fopen(path, "re");
}

static void
follow(const struct filter *f)
{
	struct printer printer = { f, 0 };
	char day[20], now[20];
	FILE *file = open_today(day), *next;

	if (file)
		fseek(file, 0, SEEK_END);
	while (!ferror(stdout)) {
		if (file)
			log_read_rest(file, print_line, &printer);
		fflush(stdout);
		usleep(LOOK);
		next = open_today(now);
		if (next && (!file || strcmp(day, now) != 0)) {
			if (file) {
				log_read_rest(file, print_line, &printer);
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
	struct printer printer = { &filter, 0 };
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
	code = log_each_line(&site, o.since, print_line, &printer);
	return code >= 0 ? code : printer.shown > 0 ? EX_OK : 1;
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
