/* users.h -- the accounts of a site, in memory, read only.
 *
 * The file is a header, a record of USERS_RECORD octets for each account and one
 * of EXTRA_RECORD octets for each app password and earlier password, each with
 * a checksum, in the byte order of the machine.  `posthold user` writes it
 * (state/users/edit.h); auth gets a descriptor of it and reads it whole.
 *
 * Logins and addresses are compared in lower case: both are stored so.  A
 * number of an account is never given to another one.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"
#include "lib/base/time.h"
#include "sys/password.h"
#include "sys/scram.h"

#define USERS_RECORD    2048
#define EXTRA_RECORD    512
#define USERS_MOST      100000
#define EXTRAS_MOST     200000
#define APPS_MOST       32 /* of an account */
#define USERS_SECRET    32
#define LOGIN_LONGEST   63
#define USER_ADDRESSES  8 /* the primary one and seven more */
#define USER_ADDRESS_OCTETS 1640

enum user_state { USER_NONE, USER_ENABLED, USER_DISABLED };

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

struct user {
	uint32_t account;       /* from 1                                    */
	uint32_t state;         /* enum user_state                           */
	int64_t created_us;     /* struct instant                            */
	int64_t changed_us;     /* of the password                           */
	char login[LOGIN_LONGEST + 1];
	char reason[64];        /* why disabled                              */
	uint32_t epoch;         /* from 1, sys/epochs.h                      */
	uint32_t zero;
	struct scram_keys scram;
	uint32_t addresses_len; /* of `addresses`                            */
	char verifier[PASSWORD_VERIFIER];
	uint8_t addresses[USER_ADDRESS_OCTETS]; /* each ends in NUL; the
						 * first is the primary one  */
	uint8_t checksum[SCRAM_KEY]; /* SHA-256 of all before             */
};

enum extra_kind {
	EXTRA_APP = 1, /* a password for one program of an account        */
	EXTRA_OLD,     /* a verifier that the account had before          */
	EXTRA_CERT,    /* a certificate that the account logs in with     */
};

/* What an app password is good for; joined. */
enum scope { SCOPE_SMTP = 1, SCOPE_IMAP = 2, SCOPES_ALL = 3 };

#define APP_NAME 32

struct extra {
	uint32_t account; /* records are in the order of these */
	uint32_t kind;    /* enum extra_kind                   */
	int64_t made_us;
	uint32_t scopes;  /* of EXTRA_APP                      */
	char name[APP_NAME]; /* and of EXTRA_CERT; ends in NUL */
	struct scram_keys scram;
	char verifier[PASSWORD_VERIFIER];
	uint8_t certificate[SCRAM_KEY]; /* of EXTRA_CERT: its SHA-256 */
	uint8_t padding[EXTRA_RECORD - 264 - 2 * SCRAM_KEY];
	uint8_t checksum[SCRAM_KEY];
};

struct users_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t count;   /* records that follow                       */
	uint32_t highest; /* account number ever given                 */
	uint32_t extras;  /* records after those                       */
	uint8_t secret[USERS_SECRET]; /* drawn when the file was made    */
	uint8_t padding[USERS_RECORD - 24 - USERS_SECRET - SCRAM_KEY];
	uint8_t checksum[SCRAM_KEY];
};

#pragma GCC diagnostic pop

#define USERS_MAGIC   "PHUSERS\n"
#define USERS_VERSION 4

struct users;

/* Read and check all of a file; crypto_start and mac_start come first.
 *
 * record_damaged  not such a file, or a checksum is wrong
 * sys_failed      it cannot be read
 */
FALLIBLE users_load(int fd, struct users **out);

/* Wipe and forget; accepts NULL, sets *u to NULL. */
void users_close(struct users **u);

size_t users_count(const struct users *u);
uint32_t users_highest(const struct users *u);

/* USERS_SECRET octets that stay the same for the life of the file: what is said
 * about logins that nobody has is made from them. */
struct span users_secret(const struct users *u);
const struct user *users_at(const struct users *u, size_t i);

/* NULL when there is none.  Disabled users are found too: mail for them is
 * received, but they do not log in.  Any case of letters. */
const struct user *users_by_login(const struct users *u, struct span login);
const struct user *users_by_address(const struct users *u,
	struct span address);
const struct user *users_by_account(const struct users *u, uint32_t account);

size_t users_extras(const struct users *u);
const struct extra *users_extra_at(const struct users *u, size_t i);

/* What proves a login. */
struct credential {
	const struct user *user;
	const struct extra *app; /* NULL: the account's own password */
};

/* "alice", or "alice/phone" for the app password of that name; false when there
 * is none.  Any case of letters. */
bool users_credential(const struct users *u, struct span login,
	struct credential *out);

/* The certificate with this SHA-256 and whose it is; false when there is none. */
bool users_certificate(const struct users *u, const uint8_t hash[SCRAM_KEY],
	struct credential *out);

const char *credential_verifier(const struct credential *c);
const struct scram_keys *credential_scram(const struct credential *c);

/* Its name within the account, the own password's is empty; when it was made.
 * The two together are of no other one. */
struct span credential_name(const struct credential *c);
int64_t credential_made(const struct credential *c);
bool credential_serves(const struct credential *c, enum scope scope);

/* The next address, SPAN_NONE after the last; start with an *at of 0. */
struct span user_next_address(const struct user *user, size_t *at);
struct span user_primary(const struct user *user);
bool user_has_address(const struct user *user, struct span address);

/* Over all octets but the checksum itself. */
void user_checksum(const struct user *user, uint8_t out[SCRAM_KEY]);
void extra_checksum(const struct extra *extra, uint8_t out[SCRAM_KEY]);
void users_header_checksum(const struct users_header *h,
	uint8_t out[SCRAM_KEY]);
