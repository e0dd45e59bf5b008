#include "state/log/row.h"

#include "lib/base/codec.h"
#include "lib/base/escape.h"
#include "lib/base/time.h"
#include "sys/log.h"

struct value {
	enum log_kind kind;
	struct span octets;
	uint64_t number;
};

/* As put_value of sys/log.c writes it. */
static bool
take_value(struct span *in, struct value *v)
{
	uint16_t len;

	if (in->len == 0)
		return false;
	v->kind = span_shift(in);
	v->octets = SPAN_NONE;
	v->number = 0;
	switch (v->kind) {
	case LOG_TEXT:
	case LOG_ADDRESS:
		return take_u16(in, &len) && take_octets(in, len, &v->octets);
	case LOG_NUMBER:
	case LOG_ID:
	case LOG_FAULT:
		return take_u64(in, &v->number);
	}
	return false;
}

static bool
put_ipv6(struct buf *b, const uint8_t *a)
{
	bool ok = true;

	for (int i = 0; ok && i < 16; i += 2)
		ok = (i == 0 || buf_push(b, ':')) &&
			buf_put_hex(b, span_at(a + i, 2));
	return ok;
}

static bool
put_ipv4(struct buf *b, const uint8_t *a)
{
	return buf_put_number(b, a[0]) && buf_push(b, '.') &&
		buf_put_number(b, a[1]) && buf_push(b, '.') &&
		buf_put_number(b, a[2]) && buf_push(b, '.') &&
		buf_put_number(b, a[3]);
}

static bool
put_address(struct buf *b, struct span octets)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool ok = octets.len == 16 && buf_push(b, '"');

	if (!ok)
		return false;
	ok = span_starts(octets, span_at(mapped, sizeof mapped))
		? put_ipv4(b, octets.at + 12)
		: put_ipv6(b, octets.at);
	return ok && buf_push(b, '"');
}

static bool
put_id(struct buf *b, uint64_t id)
{
	uint8_t octets[8];

	for (int i = 0; i < 8; i++)
		octets[i] = (uint8_t)(id >> (56 - 8 * i));
	return buf_push(b, '"') && buf_put_hex(b, span_at(octets, 8)) &&
		buf_push(b, '"');
}

static bool
put_fault(struct buf *b, uint64_t number)
{
	const struct fault *f = fault_row((uint16_t)number);

	return buf_push(b, '"') && buf_put_text(b, f ? f->name : "ok") &&
		buf_push(b, '"');
}

static bool
put_json_value(struct buf *b, const struct value *v)
{
	switch (v->kind) {
	case LOG_TEXT:
		return put_json_string(b, v->octets);
	case LOG_ADDRESS:
		return put_address(b, v->octets);
	case LOG_NUMBER:
		return buf_put_number(b, v->number);
	case LOG_ID:
		return put_id(b, v->number);
	case LOG_FAULT:
		return put_fault(b, v->number);
	}
	return false;
}

static const struct {
	const char *name;
	enum log_kind kind;
} kinds[] = {
	{ "text", LOG_TEXT },
	{ "number", LOG_NUMBER },
	{ "address", LOG_ADDRESS },
	{ "id", LOG_ID },
	{ "fault", LOG_FAULT },
};

static bool
is_kind(struct span name, enum log_kind kind)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].kind == kind)
			return span_equals(name, span_of(kinds[i].name));
	return false;
}

/* The next word of a list that is separated by blanks. */
static struct span
take_word(struct span *list)
{
	struct span word = span_shift_upto(list, span_find_octet(*list, ' '));

	span_take(list, ' ');
	return word;
}

/* "name:kind" and its value */
static bool
put_field(struct buf *b, struct span field, struct span *values)
{
	struct span name = span_shift_upto(&field, span_find_octet(field, ':'));
	struct value v;

	return span_take(&field, ':') && take_value(values, &v) &&
		is_kind(field, v.kind) && buf_put_text(b, ",\"") &&
		buf_put(b, name) && buf_put_text(b, "\":") &&
		put_json_value(b, &v);
}

static bool
put_fields(struct buf *b, const struct event_row *event, struct span values)
{
	struct span fields = span_of(event->fields);

	while (fields.len > 0)
		if (!put_field(b, take_word(&fields), &values))
			return false;
	return values.len == 0;
}

static bool
put_clauses(struct buf *b, struct span clauses)
{
	bool ok = buf_put_text(b, ",\"clauses\":[");

	for (bool first = true; ok && clauses.len > 0; first = false)
		ok = (first || buf_push(b, ',')) && buf_push(b, '"') &&
			buf_put(b, take_word(&clauses)) && buf_push(b, '"');
	return ok && buf_push(b, ']');
}

static bool
put_head(struct buf *b, const struct log_row *row, const struct event_row *event,
	const char *role, struct instant when)
{
	return buf_put_text(b, "{\"time\":\"") &&
		put_date_rfc3339(b, when) &&
		buf_put_text(b, "\",\"id\":") && buf_put_number(b, event->id) &&
		buf_put_text(b, ",\"event\":\"") &&
		buf_put_text(b, event->name) &&
		buf_put_text(b, "\",\"severity\":\"") &&
		buf_put_text(b, severity_name(event->severity)) &&
		buf_push(b, '"') && put_clauses(b, span_of(event->clauses)) &&
		buf_put_text(b, ",\"role\":\"") && buf_put_text(b, role) &&
		buf_put_text(b, "\",\"pid\":") && buf_put_number(b, row->pid) &&
		buf_put_text(b, ",\"session\":") &&
		put_id(b, row->head.session);
}

FALLIBLE
put_row(struct buf *line, const struct log_row *row, const char *role,
	struct instant when)
{
	const struct event_row *event = event_row(row->event);
	size_t before = line->len;

	if (event->id != 0 && row->fields_len <= sizeof row->fields &&
		put_head(line, row, event, role, when) &&
		put_fields(line, event,
			span_at(row->fields, row->fields_len)) &&
		buf_put_text(line, "}\n"))
		return OK;
	line->len = before;
	return &fault_ipc_malformed;
}
