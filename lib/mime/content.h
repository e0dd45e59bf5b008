/* content.h -- reads Content-Type and its siblings, RFC 2045 section 5.1.
 *
 * Comments, blanks and folds may stand between tokens.  Values stay as they
 * stand in the header: nothing is copied.
 */
#pragma once

#include "lib/base/buf.h"

#define PARAMS_MAX 64 /* parameters of one field that are looked at */

struct content_type {
	struct span type, subtype; /* tokens */
	struct span params;        /* what stands behind them */
};

struct param {
	struct span name;
	struct span value; /* between the quotes when `quoted` */
	bool quoted;
};

/* Remove blanks, folds and comments; false when a comment is not closed. */
bool skip_cfws(struct span *in);

/* token of RFC 2045 section 5.1; SPAN_NONE when there is none. */
struct span take_mime_token(struct span *in);

/* type "/" subtype; false when the value does not begin so. */
bool content_type_parse(struct span value, struct content_type *out);

/* Take one *(";" attribute "=" value).  False at the end of the list and at
 * an error; *clean is set to false at an error only. */
bool param_next(struct span *rest, struct param *out, bool *clean);

/* The value with quoted-pairs resolved and folds removed; false when it does
 * not fit. */
bool put_param_value(struct buf *b, const struct param *p);
