#include "sys/log.h"

#include "lib/base/must.h"
#include "sys/clock.h"

/* A text longer than this is cut: a row must fit one packet. */
#define TEXT_MAX 256

static struct channel *log_channel;
static uint64_t suppressed;

/* value = kind octet, then: number 8 octets | length 2 octets and octets;
 * little endian.  Read by state/log. */
static bool
put_value(struct buf *b, const struct log_value *v)
{
	struct span s = v->octets;
	bool text = v->kind == LOG_TEXT || v->kind == LOG_ADDRESS;

	if (s.len > TEXT_MAX)
		s.len = TEXT_MAX;
	if (!buf_push(b, (uint8_t)v->kind))
		return false;
	if (!text) {
		for (unsigned i = 0; i < 64; i += 8)
			if (!buf_push(b, (uint8_t)(v->number >> i)))
				return false;
		return true;
	}
	return buf_push(b, (uint8_t)s.len) && buf_push(b, (uint8_t)(s.len >> 8)) &&
		buf_put(b, s);
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
	};
	for (size_t i = 0; i < count; i++)
		if (!put_value(&fields, &values[i]))
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
