/* secret.h -- passwords from the operator: never from the command line, where
 * everybody on the host could read them.
 */
#pragma once

#include "lib/base/buf.h"

/* Read a new password: from the terminal twice without echo, or
 * the first line of standard input.  An empty one asks for a made one, and so
 * does `make`: *made says so.  Returns -1, or the exit code after a message. */
int secret_read(bool make, struct buf *out, bool *made);
