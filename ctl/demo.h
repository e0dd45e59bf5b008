/* demo.h -- the parts of `posthold demo`.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/conf/site.h"

#define DEMO_HOST   "mail.agency.example"
#define DEMO_DOMAIN "agency.example"
#define DEMO_USERS  2

struct demo_user {
	const char *name;
	char password[64];
};

struct demo {
	char directory[200];       /* absolute                            */
	unsigned port_base;        /* mx is base + 25, and so on          */
	const char *smarthost;     /* NULL: nothing leaves loopback       */
	const char *clamd;         /* the caller's virus engine, or NULL  */
	bool strict;               /* limits as on a new site             */
	bool volume;               /* make one for the mailboxes          */
	struct demo_user users[DEMO_USERS];
	bool mounted;              /* by us                               */
	pid_t engine, master;
	struct site site;          /* as compiled from what was written   */
};

/* DIR/name; at most 255 octets. */
void demo_path(const struct demo *d, const char *name, char out[256]);

/* demo_site.c: settings, certificate, users; false after a message. */
bool demo_make(struct demo *d);

/* demo_volume.c: mount the mailboxes' own volume, or say that there is none. */
void demo_mount(struct demo *d);
void demo_unmount(struct demo *d);

/* demo_engine.c: start clamd and wait until it answers; says so when there is
 * none: mail will wait outside (451). */
bool demo_engine_start(struct demo *d);

/* demo_describe.c: write and remove DIR/site.json. */
bool demo_describe(const struct demo *d);
void demo_forget(const struct demo *d);
