/* roles.h -- every process of Posthold and what it may do.
 *
 * The table in roles.c is the page that an auditor reads first: it is what
 * sys/sandbox enforces and what master starts.  Zero is nobody, so that a row
 * left out of a table belongs to no role.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role {
	NOBODY,
	MASTER,
	LOG,
	KEYS,
	DNS,
	AUTH,
	SCAN,
	STORE,
	QUEUE,
	METER,
	DIAL,
	RELAY,
	MX,
	SUBMISSION,
	LOGIN,
	LOCAL, /* on a host that only sends, NC-2.1.9              */
	IMAP, /* one process a session, started on demand          */
	CTL,  /* the operator's command, a peer on control sockets */
	ROLES
};

#define ROLE_BIT(role) (1u << (role))

enum role_files {
	FILES_NONE, /* an empty directory is its root           */
	FILES_OWN,  /* its own directory, as a descriptor       */
};

enum role_net {
	NET_NONE, /* an empty network namespace; sockets that were handed in
		   * keep working                                   */
	NET_HOST, /* the host's: connects out                       */
};

/* Families of system calls; the lists are in sys/sandbox_calls.c. */
enum role_calls {
	CALLS_ANSWER = 1,  /* messages and memory only               */
	CALLS_STREAM = 2,  /* + accept, memfd                        */
	CALLS_STORAGE = 4, /* + files below a given directory        */
	CALLS_CONNECT = 8, /* + Internet sockets and connect         */
	CALLS_BIND = 16,   /* + bind: a resolver's random source port */
};

struct role_row {
	const char *name;    /* of the program under libexec/          */
	const char *user;    /* system account, one for each role      */
	enum role_files files;
	enum role_net net;
	unsigned calls;      /* enum role_calls, joined                */
	uint32_t memory_mib; /* address space, RLIMIT_AS               */
	uint32_t descriptors;
	bool on_demand;      /* not started by itself                  */
	bool threads;        /* starts some before its calls are filtered */
	uint32_t exposure;   /* how near strangers are: of two roles that may
			      * talk, one has the higher number        */
};

/* Does the role run on a host that only sends (`send_only`), or on a mail
 * server?  What a host that only sends does without is not even installed there
 * (NC-2.1.9.a): the build MODE=local makes the programs of this set alone. */
bool role_runs(enum role role, bool send_only);

/* Is this that build? */
#ifdef POSTHOLD_LOCAL
#define BUILD_LOCAL true
#else
#define BUILD_LOCAL false
#endif

/* The row of a role; MUST be below ROLES and not NOBODY. */
const struct role_row *role_row(enum role role);

/* "mx"; "nobody" for what is no role. */
const char *role_name(enum role role);
