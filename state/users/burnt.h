/* burnt.h -- credentials that were seen in clear (NC-2.1.4).
 *
 * Whoever listened has them, so the account does not log in until they are
 * others: `posthold user passwd`, or `app-password remove`.  They stand in a
 * file beside that of the accounts, USERS.burnt, to which auth may append and
 * nothing else; a record means nothing any more once its credential is gone.
 */
#pragma once

#include "state/users/users.h"

#define BURNT_RECORD 64
#define BURNT_MOST   16384

struct burnt {
	uint32_t count;
	struct burnt_record {
		uint32_t account, zero;
		int64_t made_us; /* of the credential        */
		int64_t time_us; /* when it was seen         */
		char name[APP_NAME];
		uint8_t check[8]; /* first of SHA-256        */
	} at[BURNT_MOST];
};

/* Read all of a file; records that are not whole are left out.
 *
 * sys_failed  it cannot be read */
FALLIBLE burnt_load(int fd, struct burnt *out);

/* Add one, to memory and, unless fd is -1, to the end of the file.
 *
 * users_full    no more room: the account is to be disabled
 * storage_full  it is in memory only */
FALLIBLE burnt_add(struct burnt *b, int fd, const struct credential *c,
	struct instant now);

/* Is one of the account's credentials burnt? */
bool burnt_has(const struct burnt *b, const struct users *u,
	const struct user *user);
