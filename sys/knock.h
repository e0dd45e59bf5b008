/* knock.h -- is a port of this host open, as somebody sees who knocks at it? */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/* Does somebody take a connection there?  Waits a second at most. */
bool knock_tcp(const struct sockaddr *at, socklen_t len);

/* May somebody listen there?  A closed port says that it is; what says nothing
 * may be open. */
bool knock_udp(const struct sockaddr *at, socklen_t len);
