/* fields.h -- HEADER.FIELDS and HEADER.FIELDS.NOT, RFC 3501 section 6.4.5. */
#pragma once

#include "lib/imap/fetch_parse.h"

/* Octets of the fields that the item asks for, with the empty line. */
size_t fields_size(struct span header, const struct fetch_item *i);

/* Append octets [from, from + max) of them; false when they do not fit. */
bool put_fields(struct buf *b, struct span header, const struct fetch_item *i,
	size_t from, size_t max);
