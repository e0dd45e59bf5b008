/* process.h -- the processes that master runs, and what each is handed. */
#pragma once

#include "lib/base/time.h"
#include "lib/conf/site.h"
#include "sys/channel.h"

#define LOCAL_SOCKETS (SITE_LISTENERS - SITE_PERMITS)
#define PROCESSES 4200 /* a row for each role, then sessions */

struct process {
	struct channel *channel; /* NULL: not running                  */
	struct timer *again;     /* the next start after a death       */
	int pid;                 /* 0: not running                     */
	enum role role;          /* of a session: IMAP                 */
	uint32_t instance;       /* 0, sessions from 1                 */
	uint32_t account;        /* of a session                       */
	uint32_t epoch;          /* of that account at the login       */
	uint32_t restarts;
	int64_t wait_us;         /* back-off                           */
	struct instant started;
	struct tick since;
	bool ready;
};

/* What listens for each permit of a site. */
struct sockets {
	int fd[SITE_PERMITS];  /* -1: closed                             */
	int was[SITE_PERMITS]; /* its number in the settings before, or -1 */
};

#define SOCKETS_NONE                                              \
	((struct sockets){ { [0 ... SITE_PERMITS - 1] = -1 },     \
		{ [0 ... SITE_PERMITS - 1] = -1 } })

struct master {
	struct loop *loop;
	struct site site;
	uint64_t generation;
	const char *settings; /* path of the file                      */
	int libexec;          /* directory of the programs             */
	int site_fd;          /* sealed memory holding `site`          */
	int netns, empty_root;
	struct sockets sockets;
	int controls[ROLES];
	int local_sockets[LOCAL_SOCKETS]; /* by enum site_socket */
	uint8_t secrets[SECRETS][TOKEN_MAC];
	struct process processes[PROCESSES];
	uint32_t sessions; /* instances given out */
	int stopping;      /* stage of the stop, 0: running */
	struct timer *stop_timer, *permit_timer, *survey_timer;
};

/* Start every role that runs by itself. */
void process_start_all(struct master *m);

/* One session process for `account`; `stream` is borrowed, and closed by the
 * caller in any case.  None when the account or the site has enough. */
void process_start_session(struct master *m, const struct session_open *s,
	int stream);

/* A child ended: record it, close its channel, start it again later. */
void process_reap(struct master *m);

/* Begin or go on with the ordered stop; ends the loop when all are gone. */
void process_stop_next(struct master *m);

/* The stage took too long: end its processes. */
void process_stop_late(struct master *m);
