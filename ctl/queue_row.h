/* queue_row.h -- how the queue's rows look to the operator. */
#pragma once

#include "sys/json.h"
#include "trust/messages.h"

/* Rows come in order; one message's stand together. */
struct queue_printer {
	uint64_t last; /* the message whose head was printed */
};

void queue_row_print(struct queue_printer *p, const struct queue_row *r);
void queue_row_json(struct json *j, const struct queue_row *r);
