/* talk.h -- a stranger's connection to a service, for black-box evidence.
 *
 * Blocking, with a patience of five seconds; a reply has at most TALK_REPLY
 * octets.  Nothing that is said here ever sends a message: no probe gets as
 * far as the end of data, but that of the virus test file.
 */
#pragma once

#include <stdbool.h>

#include "lib/conf/site.h"

#define TALK_REPLY 2000

struct talk {
	int fd;
	char reply[TALK_REPLY]; /* the last one, all lines, NUL at its end */
	size_t len;
	int code; /* of the last reply; 0: none came */
};

/* Connect to a permit's address (loopback where it is "every one") and read
 * the greeting.  False when nobody answers.
 *
 * A few connections come from each of many addresses of loopback: the site
 * limits what one may do, and the looks must not use that up.  (IPv6 has one.) */
bool talk_open(struct talk *t, const struct site_permit *p);

/* The same from one address, the same for the life of this process. */
bool talk_open_same(struct talk *t, const struct site_permit *p);

/* Say one line, printf-like, without its CRLF; returns the reply's code. */
int talk_say(struct talk *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void talk_close(struct talk *t);

/* The first permit of a service that is open, NULL when there is none. */
const struct site_permit *talk_permit(const struct site *s,
	enum service service, struct instant now);
