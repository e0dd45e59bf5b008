#include "lib/policy/capacity.h"

#include "lib/base/must.h"
#include "lib/base/number.h"

#define TITLE SPAN("posthold performance standard 1\n")

static const char *const names[CAPACITY_VALUES] = {
	[CAPACITY_MESSAGES] = "messages-per-second",
	[CAPACITY_CONNECTIONS] = "connections-per-second",
	[CAPACITY_OCTETS] = "octets-per-second",
	[CAPACITY_P50_US] = "p50-us",
	[CAPACITY_P99_US] = "p99-us",
	[CAPACITY_SYNCS] = "fdatasync-per-second",
	[CAPACITY_SESSIONS] = "sessions",
	[CAPACITY_SIZE] = "message-octets",
	[CAPACITY_TIME] = "measured-at",
};

/* What measures a unit; CAPACITY_VALUES: nothing does. */
static const enum capacity_value measures[LIMIT_UNITS] = {
	[UNIT_CONNECTIONS] = CAPACITY_CONNECTIONS,
	[UNIT_MESSAGES] = CAPACITY_MESSAGES,
	[UNIT_RECIPIENTS] = CAPACITY_VALUES,
	[UNIT_OCTETS] = CAPACITY_OCTETS,
	[UNIT_UNKNOWN] = CAPACITY_VALUES,
	[UNIT_ERRORS] = CAPACITY_VALUES,
	[UNIT_DAY] = CAPACITY_MESSAGES,
	[UNIT_FIRST] = CAPACITY_VALUES,
};

const char *
capacity_name(enum capacity_value v)
{
	MUST(v < CAPACITY_VALUES);
	return names[v];
}

/* --- text ---------------------------------------------------------------- */

bool
put_capacity(struct buf *b, const struct capacity *c, struct span host,
	struct instant now)
{
	bool fits = buf_put(b, TITLE) && buf_put_text(b, "host ") &&
		buf_put(b, host) && buf_put_text(b, "\nmeasured ") &&
		put_date_rfc3339(b, now) && buf_push(b, '\n');

	for (int v = 0; fits && v < CAPACITY_VALUES; v++)
		fits = buf_put_text(b, names[v]) && buf_push(b, ' ') &&
			buf_put_number(b, c->values[v]) && buf_push(b, '\n');
	for (enum limit_number n = 0; fits && n < LIMITS; n++) {
		uint64_t most = capacity_limit(c, n);

		if (most != UINT64_MAX)
			fits = buf_put_text(b, "limit ") &&
				buf_put_text(b, limit_row(n)->name) &&
				buf_push(b, ' ') && buf_put_number(b, most) &&
				buf_push(b, '\n');
	}
	return fits;
}

bool
put_capacity_signature(
	struct buf *b, const uint8_t signature[CAPACITY_SIGNATURE])
{
	return buf_put_text(b, "signature ") &&
		buf_put_hex(b, span_at(signature, CAPACITY_SIGNATURE)) &&
		buf_push(b, '\n');
}

/* The next line, without its LF; SPAN_NONE when there is none. */
static struct span
take_line(struct span *in)
{
	struct span line = span_shift_upto(in, span_find_octet(*in, '\n'));

	return span_take(in, '\n') ? line : SPAN_NONE;
}

static bool
take_word(struct span *line, const char *word)
{
	return span_take_nocase(line, span_of(word)) && span_take(line, ' ');
}

static bool
take_digit(struct span *in, uint8_t *out)
{
	static const uint8_t digits[16] = "0123456789abcdef";
	uint8_t c = in->len > 0 ? span_shift(in) : 0;
	size_t at = span_find_octet(span_at(digits, sizeof digits), c);

	*out = (uint8_t)at;
	return at < sizeof digits;
}

static bool
take_signature(struct span in, uint8_t out[CAPACITY_SIGNATURE])
{
	for (size_t i = 0; i < CAPACITY_SIGNATURE; i++) {
		uint8_t high, low;

		if (!take_digit(&in, &high) || !take_digit(&in, &low))
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return in.len == 0;
}

/* The derived limits are for people: what counts is derived again. */
static bool
skip_limits(struct span *in)
{
	struct span line = SPAN("");

	while (span_starts(*in, SPAN("limit ")))
		line = take_line(in);
	return span_is_set(line);
}

FALLIBLE
capacity_parse(struct span text, struct capacity *out)
{
	struct capacity c = { .signed_len = 0 };
	struct span in = text, line;

	if (!span_starts(in, TITLE))
		return &fault_capacity_syntax;
	span_shift_upto(&in, TITLE.len);
	line = take_line(&in);
	if (!span_is_set(line) || !take_word(&line, "host"))
		return &fault_capacity_syntax;
	line = take_line(&in);
	if (!span_is_set(line) || !take_word(&line, "measured"))
		return &fault_capacity_syntax;
	for (int v = 0; v < CAPACITY_VALUES; v++) {
		line = take_line(&in);
		if (!span_is_set(line) || !take_word(&line, names[v]) ||
			number_parse(line, 0, UINT32_MAX, &c.values[v]))
			return &fault_capacity_syntax;
	}
	if (!skip_limits(&in))
		return &fault_capacity_syntax;
	c.signed_len = text.len - in.len;
	line = take_line(&in);
	if (!span_is_set(line) || !take_word(&line, "signature") ||
		!take_signature(line, c.signature) || in.len > 0)
		return &fault_capacity_syntax;
	*out = c;
	return OK;
}

/* --- limits -------------------------------------------------------------- */

uint64_t
capacity_limit(const struct capacity *c, enum limit_number n)
{
	const struct limit_row *row = limit_row(n);
	enum capacity_value v = measures[row->unit];

	if (v == CAPACITY_VALUES)
		return UINT64_MAX;
	return c->values[v] * (uint64_t)row->window_s * CAPACITY_PERCENT / 100;
}
