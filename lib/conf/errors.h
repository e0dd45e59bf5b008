/* errors.h -- everything that is wrong with a settings file, not only the
 * first: line, key, what is wrong and the remedy in one sentence.
 */
#pragma once

#include "lib/base/buf.h"

#define CONF_ERRORS 50 /* kept; the rest is only counted */

enum weight {
	WEIGHT_ERROR,   /* the file is refused                    */
	WEIGHT_WARNING, /* the file is taken, the operator told   */
};

struct conf_error {
	uint32_t line;   /* from 1                                */
	uint32_t weight; /* enum weight                           */
	char key[48];    /* setting or section, cut when longer   */
	char text[256];  /* printable ASCII, ends in NUL          */
};

struct conf_errors {
	uint32_t count;   /* of `at`                               */
	uint32_t refused; /* errors, kept or not; 0: file is good  */
	uint32_t dropped; /* found after `at` was full             */
	struct conf_error at[CONF_ERRORS];
};

void conf_errors_init(struct conf_errors *e);

/* Add one.  `text` may hold any octets: what is not printable becomes '?'. */
void conf_errors_add(struct conf_errors *e, enum weight weight, uint32_t line,
	struct span key, struct span text);

/* Sort by line; equal lines keep their order. */
void conf_errors_sort(struct conf_errors *e);
