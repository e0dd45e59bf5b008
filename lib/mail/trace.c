#include "lib/mail/trace.h"

#include "lib/base/ip.h"

static bool
put_from(struct buf *b, const struct trace *t)
{
	if (!t->peer)
		return true;
	return buf_put_text(b, "from ") && buf_put(b, t->helo) &&
		buf_put_text(b, ip_is_v4(t->peer) ? " ([" : " ([IPv6:") &&
		put_ip(b, t->peer) && buf_put_text(b, "])\r\n\t");
}

bool
put_received(struct buf *b, const struct trace *t)
{
	size_t before = b->len;

	if (buf_put_text(b, "Received: ") && put_from(b, t) &&
		buf_put_text(b, "by ") && buf_put(b, t->host) &&
		buf_put_text(b, " with ") && buf_put(b, t->protocol) &&
		buf_put_text(b, " id ") && buf_put(b, t->id) &&
		buf_put_text(b, ";\r\n\t") && put_date_rfc5322(b, t->time) &&
		buf_put_text(b, "\r\n"))
		return true;
	b->len = before;
	return false;
}
