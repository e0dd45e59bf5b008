/* epochs.h -- has what a login gave come to its end?
 *
 * An account's epoch goes up when it is disabled or its password changes.  What
 * a login gives (a session, a grant) bears the epoch of that moment; auth tells
 * the epochs of all accounts to those who hold such things, at once, and they
 * end what is older (security rule A6).  A whole table each time: there is
 * nothing to miss, whoever was away.
 */
#pragma once

#include "lib/base/fault.h"
#include "trust/messages.h"

/* Zero: auth told nothing yet. */
struct epochs {
	const struct account_epoch *at; /* NULL: no account at all */
	uint32_t count, highest;
	bool told;
};

/* Use another table; `fd` stays the caller's.
 *
 * ipc_malformed  not sealed memory of that size: the old one stays
 * sys_failed     no memory for it */
FALLIBLE epochs_take(struct epochs *e, const struct epochs_given *m, int fd);

/* Did what bears this epoch of the account end?  An account that the table does
 * not have is newer than the table, or gone. */
bool epochs_ended(const struct epochs *e, uint32_t account, uint32_t epoch);
