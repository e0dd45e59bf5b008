/* process.h -- the processes that master runs, and what each is handed. */
#pragma once

#include "lib/base/time.h"
#include "lib/conf/site.h"
#include "sys/channel.h"

#define PROCESSES 4200 /* sessions included */

struct process {
	struct channel *channel; /* NULL: not running                  */
	struct timer *again;     /* the next start after a death       */
	int pid;                 /* 0: not running                     */
	enum role role;          /* NOBODY: the row is free            */
	uint32_t instance;       /* 0, sessions from 1                 */
	uint32_t account;        /* of a session                       */
	uint32_t epoch;          /* of that account at the login       */
	uint32_t restarts;
	uint32_t accusations; /* peers it had killed */
	int64_t wait_us;         /* back-off                           */
	struct instant started;
	struct tick since;
	bool ready;
};

struct master {
	struct loop *loop;
	struct site site;
	uint64_t generation;
	const char *settings; /* path of the file                      */
	int libexec;          /* directory of the programs             */
	int site_fd;          /* sealed memory holding `site`          */
	int netns, empty_root;
	int listeners[SITE_PERMITS];
	int controls[ROLES];
	uint8_t secrets[SECRETS][TOKEN_MAC];
	struct process processes[PROCESSES];
	uint32_t sessions; /* instances given out */
	int stopping;      /* stage of the stop, 0: running */
	struct timer *stop_timer, *permit_timer;
};

/* Start every role that runs by itself. */
void process_start_all(struct master *m);

/* One session process for `account`; `stream` is borrowed. */
void process_start_session(struct master *m, const struct session_open *s,
	int stream);

/* A child ended: record it, close its channel, start it again later. */
void process_reap(struct master *m);

/* The settings changed: hand them to everybody. */
void process_tell_site(struct master *m);

/* Hand out listener `permit`, or say that it ended. */
void process_tell_listener(struct master *m, uint32_t permit, bool open);

/* Which role serves a permit. */
enum role process_of_service(uint32_t service);

/* Begin or go on with the ordered stop; ends the loop when all are gone. */
void process_stop_next(struct master *m);

/* The stage took too long: end its processes. */
void process_stop_late(struct master *m);

