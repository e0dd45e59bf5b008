/* flags.h -- the bits of view_row.flags that mean something to the store; the
 * values are those of lib/imap/view.h. */
#pragma once

#include <stdint.h>

#define BIT_DELETED   ((uint64_t)1 << 2)
#define BIT_SEEN      ((uint64_t)1 << 3)
#define BITS_SYSTEM   ((uint64_t)31) /* what a client may set by name */
#define BIT_KEYWORD_0 6
#define KEYWORD_BITS  58
