#include "sys/log.h"

#include <unistd.h>

#include "lib/base/codec.h"
#include "sys/clock.h"

/* A text longer than this is cut: a row must fit one packet. */
#define TEXT_MAX 256

static struct channel *log_channel;
static uint64_t suppressed;

bool
log_put(struct buf *fields, struct log_value v)
{
	bool text = v.kind == LOG_TEXT || v.kind == LOG_ADDRESS;
	size_t before = fields->len;

	if (v.octets.len > TEXT_MAX)
		v.octets.len = TEXT_MAX;
	if (put_u8(fields, (uint8_t)v.kind) &&
		(text ? put_u16(fields, (uint16_t)v.octets.len) &&
				 buf_put(fields, v.octets)
		      : put_u64(fields, v.number)))
		return true;
	fields->len = before;
	return false;
}

void
log_event(enum event event, uint64_t session, const struct log_value *values,
	size_t count)
{
	static struct log_row row;
	struct buf fields = BUF(row.fields);

	row = (struct log_row){
		.head = { .type = LOG_ROW, .session = session },
		.time_us = clock_instant().us,
		.suppressed = suppressed,
		.event = event,
		.pid = (uint32_t)getpid(),
	};
	for (size_t i = 0; i < count; i++)
		if (!log_put(&fields, values[i]))
			break;
	row.fields_len = (uint16_t)fields.len;
	if (channel_send(log_channel, &row, -1))
		suppressed++;
	else
		suppressed = 0;
}

void
log_open(struct channel *to)
{
	log_channel = to;
}
