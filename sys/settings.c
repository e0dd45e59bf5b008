#include "sys/settings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf/conf.h"
#include "sys/fd.h"

static const struct fault *
refuse(struct conf_errors *errors, struct span why)
{
	conf_errors_add(errors, WEIGHT_ERROR, 0, SPAN(""), why);
	return &fault_sys_failed;
}

/* Whoever can write the file decides what root does. */
static bool
is_trusted(const struct stat *st)
{
	return S_ISREG(st->st_mode) && !(st->st_mode & (S_IWGRP | S_IWOTH)) &&
		(st->st_uid == 0 || st->st_uid == geteuid());
}

static FALLIBLE
read_whole(int fd, size_t size, struct buf *text)
{
	while (text->len < size) {
		ssize_t n = read(fd, text->at + text->len, size - text->len);

		if (n < 0)
			return &fault_sys_failed;
		if (n == 0)
			break;
		text->len += (size_t)n;
	}
	return OK;
}

static void
drop(uint8_t **at)
{
	free(*at);
}

FALLIBLE
settings_load(const char *path, struct instant now, struct site *out,
	struct conf_errors *errors)
{
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	OWNED(drop) uint8_t *storage = NULL;
	struct stat st;
	struct buf text;

	conf_errors_init(errors);
	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse(errors, SPAN("cannot be read: does it exist?"));
	if (!is_trusted(&st))
		return refuse(errors,
			SPAN("others can write it: chown root and chmod 0644"));
	if ((uint64_t)st.st_size > CONF_LARGEST)
		return refuse(errors, SPAN("is larger than 256 KiB"));
	storage = malloc((size_t)st.st_size + 1);
	text = (struct buf){ storage, 0, (size_t)st.st_size + 1 };
	if (!storage || read_whole(fd, (size_t)st.st_size, &text))
		return refuse(errors, SPAN("cannot be read"));
	return conf_parse(buf_view(&text), now, out, errors);
}
