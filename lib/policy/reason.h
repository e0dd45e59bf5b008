/* reason.h -- why an attempt to hand a message over failed, in plain words.
 *
 * Out of the reply that was kept: a peer's, or our own about a connection that
 * did not come about (proc/dial, lib/smtp/client.c).  For the operator, and for
 * the schedule: who greylists wants to be asked again soon, and a place that
 * nobody reaches is asked once for all who wait for it.
 */
#pragma once

#include "lib/base/span.h"

enum reason {
	REASON_NONE,       /* nobody said anything yet           */
	REASON_GREYLISTED,
	REASON_BUSY,       /* too many connections or messages   */
	REASON_UNREACHED,  /* no connection, or it broke         */
	REASON_NAME,       /* the DNS has no answer, or none good */
	REASON_LOOP,       /* it leads back here                 */
	REASON_TLS,        /* no encryption, or not with the right peer */
	REASON_FULL,       /* mailbox or system out of room      */
	REASON_UNKNOWN,    /* no such mailbox                    */
	REASON_REFUSED,    /* for what we are or what it says    */
	REASON_HERE,       /* our own trouble                    */
	REASON_TEMPORARY,  /* another 4yz                        */
	REASON_PERMANENT,  /* another 5yz                        */
	REASONS
};

/* code      of the reply, 0: none
 * enhanced  RFC 3463, may be empty */
enum reason reason_of(unsigned code, struct span enhanced, struct span text);

/* "greylisted": one word, to filter by. */
const char *reason_name(enum reason r);

/* "peer greylists" */
const char *reason_words(enum reason r);

/* Is it about the place, not about the message or its recipient? */
bool reason_is_of_place(enum reason r);
