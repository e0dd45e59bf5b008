/* field.h -- the fields of a message header, RFC 5322 section 2.2, strictly.
 *
 *	while (!(f = field_next(&header, &field, &over)) && !over)
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/span.h"

#define HEADER_MAX  (256 << 10) /* octets of all fields, security rule P4 */
#define FIELDS_MAX  1000
#define FIELD_MAX   (64 << 10)  /* octets of one                          */
#define HOPS_MAX    100         /* Received fields, RFC 5321 section 6.3  */

struct field {
	struct span name;
	struct span value; /* behind the colon, folds in it, without the last
			    * CRLF */
};

/* Take the next field off *header.
 *
 * over  the empty line, or the end of the octets, was reached: no field
 *
 * header_syntax  a line that is no field: blanks before the colon, no colon, a
 *                fold without a field, CR or LF alone
 * header_limit   a field of more than FIELD_MAX octets */
FALLIBLE field_next(struct span *header, struct field *out, bool *over);

static inline bool
field_is(const struct field *f, const char *name)
{
	return span_equals_nocase(f->name, span_of(name));
}
