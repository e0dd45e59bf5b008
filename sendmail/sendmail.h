/* sendmail.h -- from standard input to the Unix socket of `local`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/conf/site.h"
#include "trust/messages.h"

#define RCPTS_MAX 1000

/* A message and its envelope. */
struct letter {
	const struct site *site;
	bool dot_is_text;   /* -i: a line with only a dot ends nothing     */
	bool rcpts_inside;  /* -t: recipients are in To, Cc and Bcc        */
	bool eight_bit;
	struct span name;   /* -F, or the login; printable ASCII           */
	struct span sender; /* -f; unset: the site's                       */
	struct buf text;    /* CRLF lines; room for the site's max_message */
	size_t count;
	struct span rcpts[RCPTS_MAX];
	struct buf addresses; /* what rcpts point into */
};

/* letter.c.  Each returns 0 or a code of sysexits.h, after a message. */

/* Add the addresses of a list "a, Name <b@c>"; those without a domain are of
 * this host. */
int letter_add_rcpts(struct letter *l, struct span list);

/* Read all of descriptor 0 as a message. */
int letter_read(struct letter *l);

/* The same octets, as standard input had them; for tests. */
int letter_take(struct letter *l, struct span in);

/* submit.c: hand it over; 0 is "on the disk".  verbose: print the answers. */
int submit(const struct letter *l, bool verbose);

/* A session of standard input and output with `local` (-bs). */
int submit_session(const struct site *site);

/* Print "sendmail: ..." and return `code`. */
int complain(int code, const char *what, struct span detail);
