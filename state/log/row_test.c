#include "state/log/row.h"

#include "lib/base/test.h"
#include "sys/log.h"

static uint8_t storage[ROW_LINE_MAX];
static const struct instant epoch;

static struct log_row *
row_of(enum event event, const struct log_value *values, size_t count)
{
	static struct log_row rows[8]; /* too large for the stack */
	static size_t used;
	struct log_row *row = &rows[used++ % 8];
	struct buf fields = BUF(row->fields);

	row->head.session = 0x0b;
	row->event = event;
	row->pid = 71;

	for (size_t i = 0; i < count; i++)
		CHECK(log_put(&fields, values[i]));
	row->fields_len = (uint16_t)fields.len;
	return row;
}

#define ROW(event, ...)                                          \
	row_of(event, (const struct log_value[]){ __VA_ARGS__ }, \
		sizeof((const struct log_value[]){ __VA_ARGS__ }) / \
			sizeof(struct log_value))

static const uint8_t peer4[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 };
static const uint8_t peer6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 };

TEST(a_row_is_one_line_of_json)
{
	struct buf line = BUF(storage);
	const struct log_row *row = ROW(EV_CLIENT_CONNECTED, log_text(SPAN("mx")),
		log_address(peer4), log_number(25));

	CHECK_OK(put_row(&line, row, "mx", epoch));
	CHECK_SPANS(buf_view(&line),
		SPAN("{\"time\":\"1970-01-01T00:00:00.000000Z\",\"id\":201,"
		     "\"event\":\"CLIENT_CONNECTED\",\"severity\":\"nobody\","
		     "\"clauses\":[\"AU-12\"],\"role\":\"mx\",\"pid\":71,"
		     "\"session\":\"000000000000000b\",\"service\":\"mx\","
		     "\"peer\":\"192.0.2.1\",\"port\":25}\n"));
}

TEST(what_a_peer_sent_cannot_make_a_second_line)
{
	struct buf line = BUF(storage);
	const struct log_row *row = ROW(EV_RCPT_REFUSED_, log_text(SPAN("")),
		log_text(SPAN("\x1b[2J\r\n\"\\%s\xff")),
		log_fault(&fault_grant_missing));

	CHECK_OK(put_row(&line, row, "mx", epoch));
	CHECK_NUMBER(span_find_octet(buf_view(&line), '\n'), line.len - 1);
	CHECK(span_find(buf_view(&line),
		      SPAN("\"rcpt\":\"\\u001b[2J\\u000d\\u000a\\\"\\\\%s\\\\xff\","
			   "\"fault\":\"grant_missing\"}")) < line.len);
}

TEST(an_ipv6_address_is_written_whole)
{
	struct buf line = BUF(storage);
	const struct log_row *row = ROW(EV_LOGIN_IN_CLEAR, log_text(SPAN("x")),
		log_address(peer6));

	CHECK_OK(put_row(&line, row, "auth", epoch));
	CHECK(span_find(buf_view(&line),
		      SPAN("\"2001:0db8:0000:0000:0000:0000:0000:0007\"")) <
		line.len);
}

TEST(a_row_that_does_not_fit_its_event_is_refused)
{
	struct buf line = BUF(storage);
	const struct log_row *missing = ROW(EV_CLIENT_CONNECTED, log_text(SPAN("mx")));
	const struct log_row *kind = ROW(EV_CLIENT_CONNECTED, log_number(1),
		log_address(peer4), log_number(25));
	const struct log_row *extra = ROW(EV_SETTINGS_LOADED, log_number(1),
		log_number(2));
	const struct log_row *none = ROW(EVENTS, log_number(1));
	struct log_row *length = ROW(EV_SETTINGS_LOADED, log_number(1));

	length->fields_len = LOG_FIELDS_MAX + 1;
	CHECK_FAULT(put_row(&line, missing, "mx", epoch), &fault_ipc_malformed);
	CHECK_FAULT(put_row(&line, kind, "mx", epoch), &fault_ipc_malformed);
	CHECK_FAULT(put_row(&line, extra, "mx", epoch), &fault_ipc_malformed);
	CHECK_FAULT(put_row(&line, none, "mx", epoch), &fault_ipc_malformed);
	CHECK_FAULT(put_row(&line, length, "mx", epoch), &fault_ipc_malformed);
	CHECK_NUMBER(line.len, 0);
}
