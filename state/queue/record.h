/* record.h -- what the queue writes into its journal.  The numbers and the
 * order of the fields are the format on the disk. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

enum queue_record_type {
	QUEUE_MESSAGE = 1, /* envelope, with the body            */
	QUEUE_STATE,       /* of one recipient                   */
	QUEUE_DONE,        /* the message is gone                */
	QUEUE_HELD,        /* by the operator                    */
	QUEUE_RELEASED,
};

#define QUEUE_RCPTS_MAX 1000
#define QUEUE_TEXT_MAX  400

enum rcpt_state {
	RCPT_PENDING, /* never tried                          */
	RCPT_DEFERRED,
	RCPT_DONE,    /* another server has it                */
	RCPT_FAILED,
};

struct message_record {
	uint64_t session;
	int64_t arrived_us;
	uint32_t account; /* of the login that handed it in */
	uint32_t count;   /* recipients                     */
	bool eight_bit;
	struct span sender;
	struct span rcpts; /* blocks */
};

struct state_record {
	uint64_t id;
	int64_t next_us;
	uint32_t rcpt, state, attempts;
	uint16_t code;
	struct span enhanced, text;
};

bool put_message_record(struct buf *b, const struct message_record *m);
bool put_state_record(struct buf *b, const struct state_record *s);
bool put_id_record(struct buf *b, uint64_t id);

/* The whole of `in`; spans are views into it.
 *
 * record_damaged */
FALLIBLE message_record_parse(struct span in, struct message_record *out);
FALLIBLE state_record_parse(struct span in, struct state_record *out);
FALLIBLE id_record_parse(struct span in, uint64_t *id);
