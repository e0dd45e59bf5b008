#include "lib/mail/dsn.h"

#include "lib/base/escape.h"
#include "lib/mail/notify.h"

static const struct {
	const char *name, *subject, *begin, *end;
} actions[] = {
	[DSN_FAILED] = { "failed", "Mail could not be delivered",
		"Your message could not be delivered to:\r\n\r\n",
		"\r\nThe reasons are below, as the other system gave them.  "
		"It will not be\r\ntried again.\r\n" },
	[DSN_RELAYED] = { "relayed", "Mail was passed on",
		"Your message was given to the mail system of:\r\n\r\n",
		"\r\nThat system does not report what becomes of it.\r\n" },
	[DSN_DELAYED] = { "delayed", "Mail is delayed",
		"Your message could not be delivered yet to:\r\n\r\n",
		"\r\nThe reasons are below, as the other system gave them.  "
		"It is tried again\r\nby itself; do not send it a second "
		"time.\r\n" },
};

static bool
put_boundary(struct buf *b, const struct dsn *d, const char *end)
{
	return buf_put_text(b, "\r\n--") && buf_put(b, d->boundary) &&
		buf_put_text(b, end) && buf_put_text(b, "\r\n");
}

static bool
put_field(struct buf *b, const char *name, struct span value)
{
	return buf_put_text(b, name) && buf_put(b, value) &&
		buf_put_text(b, "\r\n");
}

static bool
put_header(struct buf *b, const struct dsn *d)
{
	return buf_put_text(b, "From: <") &&
		(span_is_set(d->from) ? buf_put(b, d->from)
				      : buf_put_text(b, "postmaster@") &&
					buf_put(b, d->host)) &&
		buf_put_text(b, ">\r\nTo: <") && buf_put(b, d->to) &&
		buf_put_text(b, ">\r\nDate: ") && put_date_rfc5322(b, d->now) &&
		buf_put_text(b, "\r\nMessage-ID: <") && buf_put(b, d->id) &&
		buf_push(b, '.') && buf_put(b, d->boundary) &&
		buf_push(b, '@') && buf_put(b, d->host) &&
		buf_put_text(b, ">\r\nSubject: ") &&
		buf_put_text(b, actions[d->action].subject) &&
		buf_put_text(b, "\r\n"
				"Auto-Submitted: auto-replied\r\n"
				"MIME-Version: 1.0\r\n"
				"Content-Type: multipart/report; "
				"report-type=delivery-status;\r\n"
				"\tboundary=\"") &&
		buf_put(b, d->boundary) && buf_put_text(b, "\"\r\n");
}

/* utf-8-addr-xtext of RFC 6533: printable ASCII, the rest as \x{...} */
static bool
put_unitext(struct buf *b, struct span text)
{
	static const char digits[] = "0123456789ABCDEF";
	bool fits = true;

	while (fits && text.len > 0) {
		uint32_t c = *text.at;
		int shift = 20;

		if (c > 32 && c < 127 && c != '\\' && c != '+' && c != '=') {
			fits = buf_push(b, span_shift(&text));
			continue;
		}
		if (!take_utf8(&text, &c))
			return false;
		while (shift > 4 && c >> shift == 0)
			shift -= 4;
		fits = buf_put_text(b, "\\x{");
		for (; fits && shift >= 0; shift -= 4)
			fits = buf_push(b, (uint8_t)digits[c >> shift & 15]);
		fits = fits && buf_push(b, '}');
	}
	return fits;
}

static bool
put_final(struct buf *b, struct span address)
{
	if (span_is_ascii(address))
		return put_field(b, "Final-Recipient: rfc822; ", address);
	return buf_put_text(b, "Final-Recipient: utf-8; ") &&
		put_unitext(b, address) && buf_put_text(b, "\r\n");
}

/* What stood in ORCPT: without its xtext, but for the type that has none. */
static bool
put_original(struct buf *b, struct span orcpt)
{
	struct span type = span_shift_upto(&orcpt, span_find_octet(orcpt, ';'));

	if (!span_take(&orcpt, ';') ||
		!buf_put_text(b, "Original-Recipient: ") || !buf_put(b, type) ||
		!buf_put_text(b, "; "))
		return false;
	if (!span_equals_nocase(type, SPAN("utf-8")))
		return xtext_decode(orcpt, b) && buf_put_text(b, "\r\n");
	return (span_is_ascii(orcpt) ? buf_put(b, orcpt)
				     : put_unitext(b, orcpt)) &&
		buf_put_text(b, "\r\n");
}

static bool
put_envid(struct buf *b, struct span envid)
{
	return buf_put_text(b, "Original-Envelope-Id: ") &&
		xtext_decode(envid, b) && buf_put_text(b, "\r\n");
}

/* Whole, or not at all: a sender's mistake must not keep the report. */
static void
put_if_sound(struct buf *b, bool (*put)(struct buf *b, struct span value),
	bool sound, struct span value)
{
	size_t before = b->len;

	if (!sound || !put(b, value))
		b->len = before;
}

static bool
put_words(struct buf *b, const struct dsn *d, const struct dsn_rcpt *rcpts,
	size_t count)
{
	bool fits = buf_put_text(b,
			    "Content-Type: text/plain; charset=utf-8\r\n"
			    "Content-Transfer-Encoding: 8bit\r\n\r\n") &&
		buf_put_text(b, actions[d->action].begin);

	for (size_t i = 0; fits && i < count; i++)
		fits = buf_put_text(b, "  ") && buf_put(b, rcpts[i].address) &&
			buf_put_text(b, "\r\n");
	return fits && buf_put_text(b, actions[d->action].end);
}

bool
put_dsn_begin(struct buf *b, const struct dsn *d, const struct dsn_rcpt *rcpts,
	size_t count)
{
	if (!put_header(b, d) || !put_boundary(b, d, "") ||
		!put_words(b, d, rcpts, count) || !put_boundary(b, d, "") ||
		!buf_put_text(b,
			"Content-Type: message/delivery-status\r\n\r\n"))
		return false;
	put_if_sound(b, put_envid, xtext_is_sound(d->envid), d->envid);
	return put_field(b, "Reporting-MTA: dns; ", d->host) &&
		buf_put_text(b, "Arrival-Date: ") &&
		put_date_rfc5322(b, d->arrived) && buf_put_text(b, "\r\n");
}

static bool
put_until(struct buf *b, const struct dsn *d)
{
	return d->action != DSN_DELAYED ||
		(buf_put_text(b, "Will-Retry-Until: ") &&
			put_date_rfc5322(b, d->until) &&
			buf_put_text(b, "\r\n"));
}

bool
put_dsn_rcpt(struct buf *b, const struct dsn *d, const struct dsn_rcpt *r)
{
	if (!buf_put_text(b, "\r\n"))
		return false;
	put_if_sound(b, put_original, orcpt_is_sound(r->orcpt, true), r->orcpt);
	return put_final(b, r->address) &&
		put_field(b, "Action: ", span_of(actions[d->action].name)) &&
		put_field(b, "Status: ", r->enhanced) &&
		put_field(b, "Diagnostic-Code: smtp; ", r->diagnostic) &&
		put_until(b, d);
}

bool
put_dsn_end(struct buf *b, const struct dsn *d)
{
	return put_boundary(b, d, "") &&
		buf_put_text(b,
			span_is_ascii(d->header)
				? "Content-Type: text/rfc822-headers\r\n\r\n"
				: "Content-Type: message/global-headers\r\n"
				  "Content-Transfer-Encoding: 8bit\r\n\r\n") &&
		buf_put(b, d->header) && put_boundary(b, d, "--");
}

struct span
dsn_header_of(struct span message, size_t cap)
{
	size_t end = span_find(message, SPAN("\r\n\r\n"));
	struct span header = span_at(message.at,
		end < message.len ? end + 2 : message.len);

	if (header.len > cap)
		header.len = cap;
	/* who read it may have read a part */
	while (header.len > 0 && header.at[header.len - 1] != '\n')
		header.len--;
	return header;
}
