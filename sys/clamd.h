/* clamd.h -- a session with the virus engine over a connected local socket,
 * clamd(8): IDSESSION, FILDES and INSTREAM.  Nothing blocks. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

#define CLAMD_PIECE 65536 /* octets of a stream at a time */

/* All say ipc_busy when the socket takes nothing now, ipc_closed when the
 * session is over. */

FALLIBLE clamd_begin(int socket);

/* Have the octets of `body` scanned; the answer bears the number of the
 * request, counted from 1 in the session. */
FALLIBLE clamd_scan(int socket, int body);

/* Octets for the engine on their way, in pieces.  While it is open the session
 * takes nothing else. */
struct clamd_stream {
	bool open, ending;
	size_t sent, len;
	uint8_t room[4 + CLAMD_PIECE];
};

/* Begin to have octets scanned; the answer bears a number as that of a scan. */
FALLIBLE clamd_stream_begin(int socket, struct clamd_stream *s);

/* Send what was put.  OK: all of it went, the next piece can be put; or it was
 * the end, and the stream is not open any more. */
FALLIBLE clamd_stream_send(int socket, struct clamd_stream *s);

/* The next piece: first its octets, up to CLAMD_PIECE, into the room, then how
 * many there are; none is the end. */
uint8_t *clamd_stream_room(struct clamd_stream *s);
void clamd_stream_put(struct clamd_stream *s, size_t len);

/* Have it say its version; the answer bears a number as that of a scan. */
FALLIBLE clamd_ask_version(int socket);

/* Append what has arrived; nothing new is OK too. */
FALLIBLE clamd_receive(int socket, struct buf *in);
