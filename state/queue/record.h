/* record.h -- what the queue writes into its journal.  The numbers and the
 * order of the fields are the format on the disk. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"

enum queue_record_type {
	QUEUE_MESSAGE = 1, /* envelope, with the body            */
	QUEUE_STATE,       /* of one recipient                   */
	QUEUE_DONE,        /* messages are gone                  */
	QUEUE_HELD,        /* by the operator                    */
	QUEUE_RELEASED,
	QUEUE_ROUTED,      /* by the operator, to a host         */
	QUEUE_NOTICED,     /* the sender knows of the delay      */
};

#define QUEUE_BATCH 1024 /* messages that one record speaks about */

#define QUEUE_RCPTS_MAX 1000
#define QUEUE_TEXT_MAX  400
#define QUEUE_HOST_MAX  255

enum rcpt_state {
	RCPT_PENDING, /* never tried                          */
	RCPT_DEFERRED,
	RCPT_DONE,    /* another server has it                */
	RCPT_FAILED,
	RCPT_RELAYED, /* as DONE, but it will not report that */
};

struct message_record {
	uint64_t session;
	int64_t arrived_us;
	uint32_t account; /* of the login that handed it in */
	uint32_t count;   /* recipients                     */
	bool eight_bit, utf8;
	uint8_t ret; /* enum dsn_return */
	struct span sender, envid;
	struct span rcpts; /* one rcpt_record behind the other */
};

struct rcpt_record {
	struct span address, orcpt; /* orcpt empty: not said */
	uint8_t notify;
};

struct state_record {
	uint64_t id;
	int64_t next_us;
	uint32_t rcpt, state, attempts;
	uint16_t code;
	struct span enhanced, text;
};

/* Of messages: 1 to QUEUE_BATCH of them.  Only QUEUE_ROUTED has a host. */
struct ids_record {
	struct span host; /* empty: as the settings say */
	uint16_t port;
	struct span ids;  /* u64 each */
};

bool put_message_record(struct buf *b, const struct message_record *m);
bool put_rcpt_record(struct buf *b, const struct rcpt_record *r);
bool put_state_record(struct buf *b, const struct state_record *s);
bool put_ids_record(struct buf *b, uint16_t type, const struct ids_record *r);

/* The whole of `in`; spans are views into it.  What goes into a command of SMTP
 * has no control.
 *
 * record_damaged */
FALLIBLE message_record_parse(struct span in, struct message_record *out);

/* The next recipient off the front of *in; false when there is none. */
bool take_rcpt_record(struct span *in, struct rcpt_record *out);

FALLIBLE state_record_parse(struct span in, struct state_record *out);
FALLIBLE ids_record_parse(struct span in, uint16_t type,
	struct ids_record *out);
