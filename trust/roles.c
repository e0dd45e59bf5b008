/* roles.c -- who may do what. */
#include "trust/roles.h"

#include "lib/base/must.h"

/* clang-format off */
static const struct role_row rows[ROLES] = {
/*               program       user              files       net       system calls                   MiB  fds  on demand, threads, exposure */
[MASTER]     = { "master",     "root",           FILES_OWN,  NET_HOST, 0,                                64, 1024, false, false, 0 },
[LOG]        = { "log",        "posthold-log",   FILES_OWN,  NET_NONE, CALLS_STORAGE,                    64, 4096, false, false, 0 },
[KEYS]       = { "keys",       "posthold-key",   FILES_NONE, NET_NONE, CALLS_ANSWER,                     64,  256, false, false, 1 },
[DNS]        = { "dns",        "posthold-dns",   FILES_NONE, NET_HOST, CALLS_CONNECT | CALLS_BIND,      256, 1024, false, false, 5 },
[AUTH]       = { "auth",       "posthold-auth",  FILES_NONE, NET_NONE, CALLS_STREAM,                   1024, 4096, false, true , 1 },
[SCAN]       = { "scan",       "posthold-scan",  FILES_NONE, NET_NONE, CALLS_ANSWER,                    512,16384, false, false, 4 },
[STORE]      = { "store",      "posthold-store", FILES_OWN,  NET_NONE, CALLS_STORAGE | CALLS_STREAM,  98304,16384, false, false, 2 },
[QUEUE]      = { "queue",      "posthold-queue", FILES_OWN,  NET_NONE, CALLS_STORAGE | CALLS_STREAM,   2048,16384, false, false, 3 },
[METER]      = { "meter",      "posthold-meter", FILES_OWN,  NET_NONE, CALLS_STORAGE,                   256,  256, false, false, 2 },
[DIAL]       = { "dial",       "posthold-dial",  FILES_NONE, NET_HOST, CALLS_CONNECT,                    64, 4096, false, false, 4 },
[RELAY]      = { "relay",      "posthold-relay", FILES_NONE, NET_NONE, CALLS_ANSWER,                    512, 4096, false, false, 5 },
[MX]         = { "mx",         "posthold-mx",    FILES_NONE, NET_NONE, CALLS_STREAM,                   2048,19000, false, false, 5 },
[SUBMISSION] = { "submission", "posthold-sub",   FILES_NONE, NET_NONE, CALLS_STREAM,                   2048,19000, false, false, 5 },
[LOGIN]      = { "login",      "posthold-login", FILES_NONE, NET_NONE, CALLS_STREAM,                   2048,19000, false, false, 5 },
[LOCAL]      = { "local",      "posthold-local", FILES_NONE, NET_NONE, CALLS_STREAM,                   1024, 4096, false, false, 5 },
[IMAP]       = { "imap",       "posthold-imap",  FILES_NONE, NET_NONE, CALLS_STREAM,                    256,  256, true,  false, 5 },
[CTL]        = { "posthold",   "root",           FILES_OWN,  NET_HOST, 0,                                 0,    0, true,  false, 0 },
};
/* clang-format on */

#define BOTH      (ROLE_BIT(LOG) | ROLE_BIT(DNS) | ROLE_BIT(QUEUE) | \
			ROLE_BIT(DIAL) | ROLE_BIT(RELAY))
#define ALL       (ROLE_BIT(CTL) - ROLE_BIT(LOG))
#define SEND_ONLY (BOTH | ROLE_BIT(LOCAL))
#define MAIL_ONLY (ALL & ~ROLE_BIT(LOCAL))

bool
role_runs(enum role role, bool send_only)
{
	return ROLE_BIT(role) & (send_only ? SEND_ONLY : MAIL_ONLY);
}

const struct role_row *
role_row(enum role role)
{
	MUST(role > NOBODY && role < ROLES);
	return &rows[role];
}

const char *
role_name(enum role role)
{
	return role > NOBODY && role < ROLES ? rows[role].name : "nobody";
}
