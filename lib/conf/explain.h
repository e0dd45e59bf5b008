/* explain.h -- the schema for people.
 */
#pragma once

#include "lib/conf/schema.h"

/* What one setting means, in lines of at most 80 columns. */
bool put_explanation(struct buf *b, const struct setting *row);

/* The manual page posthold.conf(5), for man(1); 64 KiB are enough. */
bool put_manual(struct buf *b);
