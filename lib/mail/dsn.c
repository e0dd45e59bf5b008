#include "lib/mail/dsn.h"

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
		buf_put_text(b, ">\r\nSubject: Mail could not be delivered\r\n"
				"Auto-Submitted: auto-replied\r\n"
				"MIME-Version: 1.0\r\n"
				"Content-Type: multipart/report; "
				"report-type=delivery-status;\r\n"
				"\tboundary=\"") &&
		buf_put(b, d->boundary) && buf_put_text(b, "\"\r\n");
}

static bool
put_words(struct buf *b, const struct dsn_rcpt *rcpts, size_t count)
{
	bool fits = buf_put_text(b,
		"Content-Type: text/plain; charset=us-ascii\r\n\r\n"
		"Your message could not be delivered to:\r\n\r\n");

	for (size_t i = 0; fits && i < count; i++)
		fits = buf_put_text(b, "  ") && buf_put(b, rcpts[i].address) &&
			buf_put_text(b, "\r\n");
	return fits && buf_put_text(b,
		"\r\nThe reasons are below, as the other system gave them.  "
		"It will not be\r\ntried again.\r\n");
}

bool
put_dsn_begin(struct buf *b, const struct dsn *d, const struct dsn_rcpt *rcpts,
	size_t count)
{
	return put_header(b, d) && put_boundary(b, d, "") &&
		put_words(b, rcpts, count) && put_boundary(b, d, "") &&
		buf_put_text(b,
			"Content-Type: message/delivery-status\r\n\r\n") &&
		put_field(b, "Reporting-MTA: dns; ", d->host) &&
		buf_put_text(b, "Arrival-Date: ") &&
		put_date_rfc5322(b, d->arrived) && buf_put_text(b, "\r\n");
}

bool
put_dsn_rcpt(struct buf *b, const struct dsn_rcpt *r)
{
	return buf_put_text(b, "\r\n") &&
		put_field(b, "Final-Recipient: rfc822; ", r->address) &&
		put_field(b, "Action: failed", SPAN("")) &&
		put_field(b, "Status: ", r->enhanced) &&
		put_field(b, "Diagnostic-Code: smtp; ", r->diagnostic);
}

bool
put_dsn_end(struct buf *b, const struct dsn *d)
{
	return put_boundary(b, d, "") &&
		buf_put_text(b, "Content-Type: text/rfc822-headers\r\n\r\n") &&
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
