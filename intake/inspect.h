/* inspect.h -- a session looks at what it tells its client.
 *
 * Replies are constant texts, so that nothing of a product or version can be in
 * them (NC-2.1.3); one session in INSPECT_EACH makes sure, and says so at its end
 * (REPLIES_INSPECTED, WORD_TOLD).  Every refusal of a command that is not there
 * is an event (NC-2.2.c). */
#pragma once

#include "lib/base/span.h"

#define INSPECT_EACH 16

struct inspected {
	uint64_t session; /* its number                 */
	bool sampled;     /* the first, and one in so many */
	uint32_t octets;  /* of replies                 */
	uint32_t words;   /* that should not have been  */
};

/* A session begins. */
void inspect_init(struct inspected *i, uint64_t session);

/* Replies as they are sent; whole lines. */
void inspect_replies(struct inspected *i, struct span replies, struct span host);

/* The header that we put before a message (lib/mail/trace.h): what it says of us,
 * not what the client said of itself. */
void inspect_received(struct inspected *i, struct span header,
	struct span host);

/* The session is over. */
void inspect_done(const struct inspected *i);
