/* json.h -- write JSON (RFC 8259): for machines that read our output.
 *
 * One document is built in memory and printed.  Open and close pair up; the
 * name of a member is NULL in an array.  Octets that are no UTF-8 become '?'.
 */
#pragma once

#include "lib/base/span.h"

#define JSON_DEPTH 8

struct json {
	struct json_t *open[JSON_DEPTH]; /* the innermost is the last */
	int depth;
};

/* Begin a document, an object. */
void json_start(struct json *j);

void json_open_object(struct json *j, const char *name);
void json_open_array(struct json *j, const char *name);
void json_close(struct json *j);

void json_text(struct json *j, const char *name, struct span value);
void json_number(struct json *j, const char *name, int64_t value);
void json_bool(struct json *j, const char *name, bool value);

/* Print the document and a line end to standard output; false when that
 * fails. */
bool json_print(struct json *j);

/* The document as one allocated text that free() takes; NULL: no memory. */
char *json_take_text(struct json *j);

/* Forget it; accepts a zeroed one. */
void json_drop(struct json *j);
