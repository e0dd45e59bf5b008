/* fake_client.h -- reads what a session says, for tests and fuzzers.
 *
 * Written apart from the engine: it knows only the grammar of responses (RFC
 * 3501 section 9) and what they mean for sequence numbers, and stops at the
 * first octet that a strict client would choke on. */
#pragma once

#include "lib/base/must.h"
#include "lib/base/number.h"

#define CLIENT_MESSAGES 1024

struct fake_client {
	uint32_t uid[CLIENT_MESSAGES]; /* by sequence number - 1, 0 unknown */
	uint64_t count, exists;
	bool has_exists; /* EXISTS came: does RECENT, of SELECT, follow?   */
};

static bool
client_is_plain(uint8_t c)
{
	return c >= ' ' && c <= '~';
}

/* Text up to CRLF, as after OK. */
static void
client_text(struct span *in)
{
	while (in->len > 0 && client_is_plain(in->at[0]))
		span_shift(in);
	MUST(span_take(in, '\r') && span_take(in, '\n'));
}

static void
client_quoted(struct span *in)
{
	for (;;) {
		uint8_t c;

		MUST(in->len > 0);
		c = span_shift(in);
		if (c == '"')
			return;
		MUST(client_is_plain(c) || c == '\t');
		if (c == '\\')
			MUST(span_take(in, '"') || span_take(in, '\\'));
	}
}

static void
client_literal(struct span *in)
{
	uint64_t n;
	struct span octets;

	MUST(!number_take(in, 10, 0, UINT32_MAX, &n));
	MUST(span_take(in, '}') && span_take(in, '\r') && span_take(in, '\n'));
	MUST(in->len >= n);
	octets = span_shift_upto(in, (size_t)n);
	MUST(n == 0 || !memchr(octets.at, 0, octets.len));
}

/* Is this "[" the one of "BODY["?  In another atom it is any octet. */
static bool
client_is_section(struct span before)
{
	return before.len >= 6 &&
		span_equals(span_at(before.at + before.len - 5, 5),
			SPAN("BODY["));
}

/* Data up to CRLF: parentheses and brackets in pairs, strings whole, one SP
 * between things. */
static void
client_data(struct span *in)
{
	struct span start = *in;
	uint8_t open[128], last = ' ';
	size_t depth = 0;

	while (in->len > 0 && in->at[0] != '\r') {
		uint8_t c = span_shift(in);

		MUST(client_is_plain(c));
		MUST(!(c == ' ' && (last == ' ' || last == '(')));
		MUST(!(c == ')' && last == ' '));
		if (c == '(' || (c == '[' &&
				client_is_section(span_before(start, *in)))) {
			MUST(depth < sizeof open);
			open[depth++] = c;
		} else if (c == ')' || c == ']') {
			MUST(depth > 0);
			MUST(open[--depth] == (c == ')' ? '(' : '['));
		} else if (c == '"') {
			client_quoted(in);
		} else if (c == '{') {
			client_literal(in);
		}
		last = c;
	}
	MUST(depth == 0);
	MUST(span_take(in, '\r') && span_take(in, '\n'));
}

/* EXISTS may not make the mailbox smaller, unless it is of SELECT. */
static void
client_settle(struct fake_client *c, bool selected)
{
	if (!c->has_exists)
		return;
	c->has_exists = false;
	if (selected) {
		memset(c->uid, 0, sizeof c->uid);
		c->count = 0;
	}
	MUST(c->exists >= c->count && c->exists <= CLIENT_MESSAGES);
	for (uint64_t i = c->count; i < c->exists; i++)
		c->uid[i] = 0;
	c->count = c->exists;
}

static void
client_expunge(struct fake_client *c, uint64_t n)
{
	MUST(n >= 1 && n <= c->count);
	memmove(&c->uid[n - 1], &c->uid[n],
		(c->count - n) * sizeof c->uid[0]);
	c->count--;
}

/* "(UID u": the uid of a sequence number never changes, and they ascend. */
static void
client_fetch(struct fake_client *c, uint64_t n, struct span in)
{
	uint64_t uid;

	MUST(n >= 1 && n <= c->count);
	if (!span_take_nocase(&in, SPAN("(UID ")))
		return;
	MUST(!number_take(&in, 10, 1, UINT32_MAX, &uid));
	MUST(c->uid[n - 1] == 0 || c->uid[n - 1] == uid);
	MUST(n == 1 || c->uid[n - 2] < uid);
	c->uid[n - 1] = (uint32_t)uid;
}

/* "* n ..." */
static void
client_number(struct fake_client *c, struct span *in)
{
	uint64_t n;

	MUST(!number_take(in, 10, 0, UINT32_MAX, &n) && span_take(in, ' '));
	if (span_take_nocase(in, SPAN("RECENT"))) {
		client_settle(c, true);
	} else {
		client_settle(c, false);
		if (span_take_nocase(in, SPAN("EXISTS"))) {
			c->exists = n;
			c->has_exists = true;
		} else if (span_take_nocase(in, SPAN("EXPUNGE"))) {
			client_expunge(c, n);
		} else {
			MUST(span_take_nocase(in, SPAN("FETCH ")));
			client_fetch(c, n, *in);
		}
	}
	client_data(in);
}

static bool
client_is_status(struct span in)
{
	return span_starts(in, SPAN("OK ")) || span_starts(in, SPAN("NO ")) ||
		span_starts(in, SPAN("BAD ")) || span_starts(in, SPAN("BYE "));
}

static void
client_untagged(struct fake_client *c, struct span *in)
{
	if (in->len > 0 && in->at[0] >= '0' && in->at[0] <= '9')
		return client_number(c, in);
	if (client_is_status(*in))
		return client_text(in);
	client_data(in);
}

/* Read all responses; the stream may end only between two. */
static void
client_read(struct fake_client *c, struct span in)
{
	while (in.len > 0) {
		if (span_take_nocase(&in, SPAN("* ")))  {
			client_untagged(c, &in);
		} else if (span_take_nocase(&in, SPAN("+ "))) {
			client_text(&in);
		} else {
			while (in.len > 0 && in.at[0] != ' ') {
				MUST(client_is_plain(in.at[0]));
				span_shift(&in);
			}
			MUST(span_take(&in, ' '));
			MUST(client_is_status(in));
			client_text(&in);
		}
	}
	client_settle(c, false);
}
