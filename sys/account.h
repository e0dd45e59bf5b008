/* account.h -- the system accounts that the roles run as. */
#pragma once

#include <sys/types.h>

#include "lib/base/fault.h"
#include "trust/roles.h"

/* The uid of a role, which is its gid as well: that of the account
 * role_row(role)->user; where the account is missing and the site is not in
 * production, a number of its own that no account has.
 *
 * sys_failed  production, and there is no such account */
FALLIBLE account_of(enum role role, bool production, uid_t *out);
