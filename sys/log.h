/* log.h -- say what happened: an event of trust/events.def and its values.
 *
 *	LOG(EV_CLIENT_CONNECTED, session, log_text(SPAN("mx")),
 *		log_address(peer), log_number(port));
 *
 * Values only, never format strings (rule O1).  A row that cannot be sent is
 * counted and the count travels with the next row: mail does not wait for the
 * log, and the log knows what it missed.
 */
#pragma once

#include "lib/base/buf.h"
#include "sys/channel.h"
#include "trust/events.h"

enum log_kind { LOG_TEXT = 1, LOG_NUMBER, LOG_ADDRESS, LOG_ID, LOG_FAULT };

struct log_value {
	enum log_kind kind;
	struct span octets; /* LOG_TEXT, LOG_ADDRESS  */
	uint64_t number;    /* the others             */
};

static inline struct log_value
log_text(struct span s)
{
	return (struct log_value){ LOG_TEXT, s, 0 };
}

static inline struct log_value
log_number(uint64_t n)
{
	return (struct log_value){ LOG_NUMBER, SPAN_NONE, n };
}

/* 16 octets, IPv4 mapped into IPv6 */
static inline struct log_value
log_address(const uint8_t address[16])
{
	return (struct log_value){ LOG_ADDRESS, span_at(address, 16), 0 };
}

static inline struct log_value
log_id(uint64_t id)
{
	return (struct log_value){ LOG_ID, SPAN_NONE, id };
}

static inline struct log_value
log_fault(const struct fault *f)
{
	return (struct log_value){ LOG_FAULT, SPAN_NONE, fault_number(f) };
}

#define LOG(event, session, ...)                                      \
	log_event(event, session, (const struct log_value[]){ __VA_ARGS__ }, \
		sizeof((const struct log_value[]){ __VA_ARGS__ }) /   \
			sizeof(struct log_value))

void log_event(enum event event, uint64_t session,
	const struct log_value *values, size_t count);

/* A value as it travels in log_row.fields: kind octet, then a number in 8
 * octets, or a length in 2 and the octets; little endian. */
bool log_put(struct buf *fields, struct log_value v);

/* Where rows go; NULL: nowhere (they are counted).  `to` is borrowed. */
void log_open(struct channel *to);
