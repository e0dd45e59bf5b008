/* The files of a demo site.  Settings are written anew at each start, for its
 * options may have changed; everything else is kept. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/certify.h"
#include "ctl/command.h"
#include "ctl/demo.h"
#include "ctl/limits.h"
#include "state/users/edit.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/replace.h"
#include "sys/settings.h"


static void
write_permits(FILE *f, const struct demo *d)
{
	static const struct {
		const char *service;
		unsigned port;
		const char *reason;
	} rows[] = {
		{ "mx", 25, "mail from other servers" },
		{ "submissions", 465, "users send mail" },
		{ "submission", 587, "users send mail, STARTTLS" },
		{ "imaps", 993, "users read mail" },
	};
	struct civil end = civil_of(
		(struct instant){ clock_instant().us + DAYS(90) });

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		fprintf(f,
			"permit %s { address 127.0.0.1 port %u reason \"%s\" "
			"owner \"demo\" expires %04d-%02d-%02d }\n",
			rows[i].service, d->port_base + rows[i].port,
			rows[i].reason, (int)end.year, end.month, end.day);
}

/* One host plays all peers: every limit is as wide as it goes, but with --strict
 * as on a new site. */
static void
write_limits(FILE *f, const struct demo *d)
{
	fprintf(f, "limits {\n\timap-per-account 100\n\tfree 16M\n");
	if (!d->strict) {
		fprintf(f, "\tsessions-per-source 1000\n"
			   "\tsessions-per-net 1000\n"
			   "\tsessions-few 1000\n\tmessages 100000\n");
		for (enum limit_number n = 0; n < LIMITS; n++)
			limits_write(f, n, UINT64_MAX);
	}
	fprintf(f, "}\n");
}

static bool
is_there(const struct demo *d, const char *name)
{
	char path[256];

	demo_path(d, name, path);
	return access(path, F_OK) == 0;
}

static void
write_settings(FILE *f, const struct demo *d)
{
	const char *at = d->directory;

	fprintf(f,
		"# A demonstration: written anew at each start.\n"
		"host               " DEMO_HOST "\n"
		"domain             " DEMO_DOMAIN "\n"
		"production         no\n"
		"certificate        %s/certificate.pem\n"
		"key                %s/key.pem\n"
		"users              %s/users\n"
		"addresses          %s/addresses\n"
		"mailbox-directory  %s/mailboxes\n"
		"queue-directory    %s/queue\n"
		"log-directory      %s/log\n"
		"run-directory      %s/run\n"
		"performance-standard %s/performance.standard\n"
		"limits-directory   %s/limits\n"
		"evidence-directory %s/evidence\n"
		"clamd              %s%s\n",
		at, at, at, at, at, at, at, at, at, at, at, d->clamd ? d->clamd : at,
		d->clamd ? "" : "/clamd.sock");
	if (is_there(d, "client-ca.pem")) /* put there before the start */
		fprintf(f, "client-ca %s/client-ca.pem\n", at);
	write_permits(f, d);
	if (d->smarthost)
		fprintf(f, "relay { smarthost %s schedule \"1s 2s 5s 30s 5m\" }\n",
			d->smarthost);
	write_limits(f, d);
	if (!d->smarthost) /* a resolver that is not there: nothing leaves */
		fprintf(f, "dns { stub \". 127.0.0.1 1\" }\n");
}

/* The settings must be compiled by the same rules as everybody's. */
static bool
load_settings(struct demo *d, const char *path)
{
	static struct conf_errors errors;

	if (!settings_load(path, clock_instant(), &d->site, &errors))
		return true;
	for (uint32_t i = 0; i < errors.count; i++)
		complain(EX_CONFIG, errors.at[i].key, errors.at[i].text);
	return false;
}

static bool
make_settings(struct demo *d)
{
	char *text = NULL, path[256];
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	const struct fault *fault;

	if (!f)
		return false;
	write_settings(f, d);
	fclose(f);
	demo_path(d, "posthold.conf", path);
	fault = replace_whole(path, 0644, span_at(text, len));
	free(text);
	if (fault) {
		complain_fault(fault, path, "is the directory writable?");
		return false;
	}
	return load_settings(d, path);
}

static bool
make_certificate(struct demo *d)
{
	static struct undo undo;

	if (is_there(d, "certificate.pem"))
		return true;
	if (certify_host(&undo, d->directory, DEMO_HOST, DEMO_DOMAIN))
		return true;
	undo_all(&undo);
	return false;
}

/* --- users ----------------------------------------------------------------- */

static FALLIBLE
add_users(struct demo *d, const char *path)
{
	static const struct span alice[] = { SPAN("alice@" DEMO_DOMAIN),
		SPAN("postmaster@" DEMO_DOMAIN), SPAN("abuse@" DEMO_DOMAIN) };
	static const struct span bob[] = { SPAN("bob@" DEMO_DOMAIN) };
	OWNED(users_edit_close) struct users_edit e = { .lock = -1 };
	struct instant now = clock_instant();

	TRY(users_create(path));
	TRY(users_edit_open(path, &e));
	TRY(users_edit_add(&e, span_of(d->users[0].name), alice, 3,
		span_of(d->users[0].password), now));
	TRY(users_edit_add(&e, span_of(d->users[1].name), bob, 1,
		span_of(d->users[1].password), now));
	return users_edit_save(&e);
}

/* What site.json tells must be known at the next start, too. */
static FALLIBLE
keep_passwords(const struct demo *d, const char *path)
{
	uint8_t storage[256];
	struct buf b = BUF(storage);

	for (int i = 0; i < DEMO_USERS; i++)
		if (!buf_put_text(&b, d->users[i].password) ||
			!buf_push(&b, '\n'))
			return &fault_sys_failed;
	return replace_whole(path, 0600, buf_view(&b));
}

static FALLIBLE
read_passwords(struct demo *d, const char *path)
{
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t storage[256];
	struct buf b = BUF(storage);
	struct span in;

	if (fd < 0)
		return &fault_sys_failed;
	TRY(fd_read_whole(fd, &b));
	in = buf_view(&b);
	for (int i = 0; i < DEMO_USERS; i++) {
		struct span s = span_shift_upto(&in, span_find_octet(in, '\n'));

		if (!span_take(&in, '\n') ||
			s.len >= sizeof d->users[i].password)
			return &fault_record_damaged;
		memcpy(d->users[i].password, s.at, s.len);
		d->users[i].password[s.len] = 0;
	}
	return OK;
}

static FALLIBLE
make_users(struct demo *d)
{
	char users[256], passwords[256];

	demo_path(d, "users", users);
	demo_path(d, "passwords", passwords);
	if (is_there(d, "users"))
		return read_passwords(d, passwords);
	for (int i = 0; i < DEMO_USERS; i++) {
		struct buf b = BUF(d->users[i].password);

		if (!password_make(&b))
			return &fault_sys_failed;
		d->users[i].password[b.len] = 0;
	}
	TRY(keep_passwords(d, passwords));
	return add_users(d, users);
}

/* Kept, like the users. */
static bool
make_addresses(const struct demo *d)
{
	char path[256];
	const struct fault *f;

	if (is_there(d, "addresses"))
		return true;
	demo_path(d, "addresses", path);
	f = replace_create(path, 0644,
		SPAN("# alias sales@" DEMO_DOMAIN " { to alice@" DEMO_DOMAIN
		     " }\n"));
	if (f)
		complain_fault(f, path, "is the directory writable?");
	return !f;
}

bool
demo_make(struct demo *d)
{
	const struct fault *f;

	if (!make_certificate(d) || !make_settings(d) || !make_addresses(d))
		return false;
	f = make_users(d);
	if (f)
		complain_fault(f, "cannot make the users",
			"remove the directory and start again");
	return !f;
}
