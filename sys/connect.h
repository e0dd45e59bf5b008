/* connect.h -- begin a TCP connection; watch it for writing; see how it went.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/fault.h"

/* A socket that is connecting, non-blocking.
 *
 * sys_failed  it cannot even begin: no route, no descriptor */
FALLIBLE connect_begin(const uint8_t address[16], uint16_t port, int *out);

/* Once it is writable.
 *
 * ipc_closed  refused, unreachable */
FALLIBLE connect_finish(int fd);

/* Does the connection end at an address of this machine? */
bool connect_is_local(int fd);
