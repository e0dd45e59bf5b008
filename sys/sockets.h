/* sockets.h -- what listens on this host, as the kernel tells it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listening {
	uint8_t address[16]; /* IPv4 mapped into IPv6 */
	uint16_t port;
};

/* All TCP sockets that listen in our network namespace, at most `most`; false
 * when the kernel's tables cannot be read or hold more. */
bool sockets_listening(struct listening *out, size_t most, size_t *count);
