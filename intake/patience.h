/* patience.h -- until when a client is waited for.
 *
 * Each step has an end that no octet moves, so a client that drips is worth no
 * more than one that is silent (DO-D02):
 *
 *	handshake   30 s
 *	command     `idle` from the answer before to the end of the line
 *	message     `data` from 354, or the first BDAT, to its end; meanwhile
 *	            `data-idle` between two blocks, and on average `data-rate`
 *	            once `data-idle` is over
 *	login       `login` from the connection on, for users
 *	session     `session`, whatever happens in it
 *
 * While another process is asked the client is not at fault: 10 min, and those
 * processes answer well before.
 */
#pragma once

#include "lib/base/time.h"
#include "lib/conf/site.h"

enum step { STEP_HANDSHAKE, STEP_COMMAND, STEP_MESSAGE, STEP_ANSWER, STEPS };

struct patience {
	struct tick opened; /* the connection                       */
	struct tick began;  /* the step                             */
	struct tick heard;  /* the last octets that the client sent */
	enum step step;
	bool login_due;
	uint64_t octets; /* of the message so far */
};

/* The moment at which the client is told 421. */
struct tick patience_end(const struct patience *p, const struct site *site);
