/* mapping.h -- a file of fixed size as memory of this process: what is written
 * there outlives the process, whatever ends it.
 *
 * The kernel writes it to the disk by and by; after a power cut parts of it may
 * be old.  Whoever keeps something there looks at it before he believes it.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

/* `size` octets of the file `name` below `directory`, made when it is missing.
 * One of another size is made anew.
 *
 * fresh  it reads as zero
 *
 * storage_full, storage_failed */
FALLIBLE mapping_open(
	int directory, const char *name, size_t size, void **out, bool *fresh);
