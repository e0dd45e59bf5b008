/* edit.h -- change the file of accounts: for the operator's command only.
 *
 *	users_edit_open(path, &e);
 *	users_edit_add(&e, ...), users_edit_find(&e, ...)
 *	users_edit_save(&e, now);
 *	users_edit_close(&e);
 *
 * From open to close no other command changes the file.  What is not saved is
 * forgotten.  A change while auth has the old file is seen when auth is given
 * the new one.
 *
 * A new password and another state begin another epoch of the account: what
 * logins before it gave has ended (sys/epochs.h).
 */
#pragma once

#include "state/users/users.h"

#define EXTRAS_ROOM 16 /* records that one edit can add */

struct users_edit {
	const char *path; /* borrowed */
	int lock;
	struct user *at; /* records, one place free at the end */
	size_t count;
	struct extra *extras; /* with places free at the end */
	size_t extras_count, extras_room;
	uint32_t highest;
	uint8_t secret[USERS_SECRET];
};

/* Lock the file and read it.
 *
 * sys_failed      it cannot be read
 * file_busy       another command has it
 * record_damaged  nothing is changed then */
FALLIBLE users_edit_open(const char *path, struct users_edit *e);

/* Make an empty file; crypto_start comes first.
 *
 * file_exists  there is one */
FALLIBLE users_create(const char *path);

/* Another account with a new number.  `addresses` has `count` of them, 1 to
 * USER_ADDRESSES, the primary one first; they are stored in canonical form.
 *
 * user_exists        the login or an address is taken
 * user_name_refused, user_reserved, password_failed, users_full */
FALLIBLE users_edit_add(struct users_edit *e, struct span login,
	const struct span *addresses, size_t count, struct span password,
	struct instant now);

/* The record of a login, to be changed by the functions below.
 *
 * user_unknown  there is none */
FALLIBLE users_edit_find(struct users_edit *e, struct span login,
	struct user **out);

/* Is it the account's password, or one of those kept from before? */
bool users_edit_password_was(const struct users_edit *e,
	const struct user *user, struct span password);

/* Another password; `history` of those before are kept.
 *
 * password_failed  no memory; users_full */
FALLIBLE users_edit_set_password(struct users_edit *e, struct user *user,
	struct span password, uint32_t history, struct instant now);

/* Another password for the account, for one program: it logs in as LOGIN/NAME.
 *
 * name    1 to 31 of a-z, 0-9, ".", "-", "_", a letter first
 * scopes  enum scope, joined
 *
 * user_exists        there is one of that name
 * user_name_refused  no such name
 * users_full         the account has APPS_MOST
 * password_failed    no memory */
FALLIBLE users_edit_add_app(struct users_edit *e, struct user *user,
	struct span name, uint32_t scopes, struct span password,
	struct instant now);

/* A certificate that the account logs in with, by its SHA-256; names as above.
 *
 * user_exists  there is one of that name, or an account has it */
FALLIBLE users_edit_add_certificate(struct users_edit *e, struct user *user,
	struct span name, const uint8_t hash[SCRAM_KEY], struct instant now);

/* An app password or certificate logs in no more; the sessions of the account
 * end.
 *
 * user_unknown  there is none of that name */
FALLIBLE users_edit_remove(struct users_edit *e, struct user *user,
	enum extra_kind kind, struct span name);

/* reason  why, when disabled; cut to 63 octets */
void user_set_state(struct user *user, enum user_state state,
	struct span reason);

/* Write everything; mode 0640, its owner stays. */
FALLIBLE users_edit_save(struct users_edit *e);

/* Wipe and forget; accepts a zeroed one. */
void users_edit_close(struct users_edit *e);
