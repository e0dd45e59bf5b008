/* drive.h -- hand messages to a service on loopback as fast as it takes them,
 * and measure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct drive {
	uint16_t port;     /* mx on 127.0.0.1                           */
	uint32_t sessions; /* at a moment                               */
	uint32_t octets;   /* of a message; 0: connect and quit instead */
	const char *rcpt;
	int seconds;
};

/* Rates are in a second. */
struct driven {
	uint64_t done, octets; /* messages or connections; octets of them    */
	uint32_t p50_us, p99_us; /* from the end of data to 250, or from
				  * connecting to 220                      */
};

#define DRIVE_SESSIONS 128 /* at most */

/* False after a message: the service refused, or nothing came of it. */
bool drive(const struct drive *d, struct driven *out);
