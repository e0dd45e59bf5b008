/* queue_row.h -- ask the queue, and how its rows look to the operator. */
#pragma once

#include "lib/conf/site.h"
#include "sys/json.h"
#include "trust/messages.h"

/* Rows come in order; one message's stand together. */
struct queue_printer {
	uint64_t last; /* the message whose head was printed */
};

typedef void on_row(void *owner, const struct queue_row *r);

/* Send the order; rows go to `row` (NULL: nowhere), how many were done or shown
 * to *count.
 *
 * ipc_closed      the site does not run
 * record_unknown  there is no such message */
FALLIBLE queue_ask(const struct site *s, const struct queue_order *o,
	on_row *row, void *owner, uint64_t *count);

/* 1 to 16 hexadecimal digits, as in the log. */
bool queue_id_parse(const char *text, uint64_t *out);

void queue_row_print(struct queue_printer *p, const struct queue_row *r);
void queue_row_json(struct json *j, const struct queue_row *r);
