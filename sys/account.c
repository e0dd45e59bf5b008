#include "sys/account.h"

#include <pwd.h>

/* 61184..65519 are handed out dynamically by systemd and taken by nobody in
 * files; a throw-away site uses a few of them. */
#define DEMO_UID 61500

FALLIBLE
account_of(enum role role, bool production, uid_t *out)
{
	const struct passwd *account = getpwnam(role_row(role)->user);

	if (!account && production)
		return &fault_sys_failed;
	*out = account ? account->pw_uid : DEMO_UID + (uid_t)role;
	return OK;
}
