/* talk.h -- a stranger's connection to a service, for black-box evidence.
 *
 * Blocking, with a patience of some seconds; a reply has at most TALK_REPLY
 * octets.  Nothing that is said here sends a message that anybody receives.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "lib/base/span.h"
#include "lib/conf/site.h"
#include "sys/tls.h"

#define TALK_REPLY 2000

struct talk {
	int fd;
	char reply[TALK_REPLY]; /* the last one, all lines, NUL at its end */
	size_t len;
	int code;  /* of the last reply; 0: none came */
	bool imap; /* codes are 250 OK, 550 NO, 501 BAD */
	bool secure;
	struct tls tls;
};

/* Connect to a permit's address (loopback where it is "every one"), begin TLS
 * where the service does and read the greeting.  False when nobody answers.
 *
 * A few connections come from each of many addresses of loopback: the site
 * limits what one may do, and the looks must not use that up, nor what others
 * may.  (IPv6 has one.) */
bool talk_open(struct talk *t, const struct site_permit *p, struct span host);

/* The same from one address, the same for the life of this process. */
bool talk_open_same(struct talk *t, const struct site_permit *p);

/* Where a permit listens, as a stranger on this host reaches it. */
socklen_t talk_place(const struct site_permit *p, struct sockaddr_storage *out);

/* Connect only. */
bool talk_connect(struct talk *t, const struct site_permit *p);

/* Begin TLS now; false when that fails.  The first takes any certificate, the
 * second what `context` takes. */
bool talk_secure(struct talk *t, struct span host);
bool talk_secure_by(struct talk *t, struct tls_context *context,
	struct span host);

/* Say one line, printf-like, without its CRLF; returns the reply's code.  To an
 * IMAP service it is said with the tag "a". */
int talk_say(struct talk *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The halves of it, and octets as they are. */
bool talk_send(struct talk *t, struct span octets);
int talk_hear(struct talk *t, int seconds);

void talk_close(struct talk *t);

/* The first permit of a service that is open, NULL when there is none. */
const struct site_permit *talk_permit(const struct site *s,
	enum service service, struct instant now);
