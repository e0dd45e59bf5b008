#include "ctl/log_days.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_ 16384

void
log_read_rest(FILE *file, on_line *f, void *owner)
{
	static char line[LINE_MAX_];

	while (fgets(line, sizeof line, file)) {
		size_t len = strlen(line);

		if (line[len - 1] != '\n') { /* still being written */
			fseek(file, -(long)len, SEEK_CUR);
			break;
		}
		f(owner, line);
	}
	clearerr(file);
}

void
log_path(const struct site *s, const char *name, char out[600])
{
	snprintf(out, 600, "%s/%.300s", s->log_directory, name);
}

static int
is_day(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len == 16 && strcmp(e->d_name + 10, ".jsonl") == 0;
}

int
log_each_line(const struct site *s, const char *since, on_line *f, void *owner)
{
	struct dirent **days;
	int n = scandir(s->log_directory, &days, is_day, alphasort);
	char path[600];

	if (n < 0)
		return complain(EX_NOINPUT, s->log_directory,
			"cannot be read; does the site log, are you root?");
	for (int i = 0; i < n; i++) {
		FILE *file = NULL;

		log_path(s, days[i]->d_name, path);
		if (!since || strncmp(days[i]->d_name, since, 10) >= 0)
			file = fopen(path, "re");
		if (file) {
			log_read_rest(file, f, owner);
			fclose(file);
		}
		free(days[i]);
	}
	free(days);
	return -1;
}
