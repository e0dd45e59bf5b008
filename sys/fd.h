/* fd.h -- descriptors with one owner, and sealed memory. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/base/span.h"

/* For OWNED(fd_close): closes *fd if it is open and sets it to -1. */
void fd_close(int *fd);

/* Hand over: returns *fd and sets it to -1. */
int fd_give(int *fd);

FALLIBLE fd_nonblocking(int fd);

/* A connected pair of SOCK_SEQPACKET sockets, CLOEXEC and non-blocking, with
 * buffers for some thousand messages. */
FALLIBLE fd_channel_pair(int pair[2]);

/* A connected pair of stream sockets, CLOEXEC and non-blocking. */
FALLIBLE fd_stream_pair(int pair[2]);

/* Anonymous memory that can be sealed. */
FALLIBLE fd_memory(const char *name, int *out);

/* Add to its end.
 *
 * storage_full  no memory */
FALLIBLE fd_append(int fd, struct span octets);

/* Nobody can change it any more. */
FALLIBLE fd_seal(int fd);

/* Can nobody change it, whoever has it? */
bool fd_is_sealed(int fd);

/* As fd_memory + write + fd_seal + rewind. */
FALLIBLE fd_memory_of(const char *name, struct span octets, int *out);

/* Read-only view of `size` octets of a descriptor that came from another
 * process; refuses one that is not sealed memory of at least that size, so that
 * a later truncation cannot crash the reader.  Undo with fd_unmap. */
FALLIBLE fd_map_sealed(int fd, size_t size, const void **out);
void fd_unmap(const void *at, size_t size);

/* Whose the other end of an Internet connection is: IPv6, or IPv4 mapped into it.
 *
 * sys_failed  it is no such connection, or over */
FALLIBLE fd_peer(int fd, uint8_t peer[16]);

/* Size in octets of a regular file or memory. */
FALLIBLE fd_size(int fd, uint64_t *out);

/* Append the whole content of a regular file or memory to `out`, whatever the
 * descriptor's offset.
 *
 * sys_failed  it cannot be read, or `out` has not enough room */
FALLIBLE fd_read_whole(int fd, struct buf *out);
