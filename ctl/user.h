/* user.h -- what the verbs of the noun `user` share; for ctl/user*.c only. */
#pragma once

#include "ctl/command.h"
#include "state/users/edit.h"

/* The site of the call; loaded by user_start. */
extern struct site user_site;

/* Options, site and libraries: what each verb begins with.  Returns -1 to go
 * on, or the exit code. */
int user_start(struct call *c, const struct option *options, size_t count,
	const struct where *where);

/* The record of a login, with the file locked; -1, or the exit code. */
int user_open(struct users_edit *e, const char *login, struct user **out);

/* Save and tell the running site; the exit code. */
int user_save(struct users_edit *e, const char *what);

/* What a fault of state/users means here; the exit code. */
int user_explain(const struct fault *f, const char *what);
