#include "sys/settings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf/addresses.h"
#include "lib/conf/conf.h"
#include "sys/fd.h"
#include "sys/idn.h"

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
drop(struct buf *b)
{
	free(b->at);
}

/* The whole of a file that only the operator can write; `at` is to be freed. */
static FALLIBLE
load_file(const char *path, size_t largest, struct buf *text,
	struct conf_errors *errors)
{
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	conf_errors_init(errors);
	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse(errors, SPAN("cannot be read: does it exist?"));
	if (!is_trusted(&st))
		return refuse(errors,
			SPAN("others can write it: chown root and chmod 0644"));
	if ((uint64_t)st.st_size > largest)
		return refuse(errors, SPAN("is too large: shorten it"));
	*text = (struct buf){ malloc((size_t)st.st_size + 1), 0,
		(size_t)st.st_size + 1 };
	if (!text->at || read_whole(fd, (size_t)st.st_size, text))
		return refuse(errors, SPAN("cannot be read"));
	return OK;
}

/* NC-2.1.6: what is represented is compared by its A-labels. */
static FALLIBLE
check_domains(const struct site *site, struct conf_errors *errors)
{
	for (uint32_t i = 0; i < site->domains_count; i++)
		if (!idn_is_sound(site->domains[i].name)) {
			conf_errors_add(errors, WEIGHT_ERROR, 0, SPAN("domain"),
				SPAN("an \"xn--\" label that stands for no name; "
				     "write it as `posthold init` does"));
			return &fault_conf_refused;
		}
	return OK;
}

FALLIBLE
settings_parse(struct span text, struct instant now, struct site *out,
	struct conf_errors *errors)
{
	TRY(conf_parse(text, now, out, errors));
	return check_domains(out, errors);
}

FALLIBLE
settings_load(const char *path, struct instant now, struct site *out,
	struct conf_errors *errors)
{
	OWNED(drop) struct buf text = { 0 };

	TRY(load_file(path, CONF_LARGEST, &text, errors));
	return settings_parse(buf_view(&text), now, out, errors);
}

FALLIBLE
settings_check_addresses(const struct site *site, struct instant now,
	struct conf_errors *errors)
{
	static struct addresses checked;

	return settings_load_addresses(site, now, &checked, errors);
}

FALLIBLE
settings_load_addresses(const struct site *site, struct instant now,
	struct addresses *out, struct conf_errors *errors)
{
	OWNED(drop) struct buf text = { 0 };

	conf_errors_init(errors);
	addresses_init(out);
	if (site->addresses[0] == 0)
		return OK;
	TRY(load_file(site->addresses, ADDRESSES_LARGEST, &text, errors));
	return addresses_parse(buf_view(&text), site, now, out, errors);
}
