/* facts.h -- what the header of a message has and lacks. */
#pragma once

#include "lib/mail/field.h"

struct header_facts {
	bool has_date, has_id;
	bool utf8;    /* octets beyond ASCII in it: RFC 6532           */
	bool report;  /* on a delivery or on a reading: multipart/report of
		       * RFC 3464 or RFC 8098, and nothing else said    */
	size_t first; /* octets of the first field, 0: there is none   */
};

/* Of a message's beginning; as far as it is a header. */
struct header_facts header_facts(struct span message);
