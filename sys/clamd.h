/* clamd.h -- a session with the virus engine over a connected local socket,
 * clamd(8): IDSESSION and FILDES.  Nothing blocks. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

/* All say ipc_busy when the socket takes nothing now, ipc_closed when the
 * session is over. */

FALLIBLE clamd_begin(int socket);

/* Have the octets of `body` scanned; the answer bears the number of the
 * request, counted from 1 in the session. */
FALLIBLE clamd_scan(int socket, int body);

/* Have it say its version; the answer bears a number as that of a scan. */
FALLIBLE clamd_ask_version(int socket);

/* Append what has arrived; nothing new is OK too. */
FALLIBLE clamd_receive(int socket, struct buf *in);
