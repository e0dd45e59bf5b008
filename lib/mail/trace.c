#include "lib/mail/trace.h"

static bool
put_ipv4(struct buf *b, const uint8_t *a)
{
	bool fits = buf_put_number(b, a[0]);

	for (int i = 1; fits && i < 4; i++)
		fits = buf_push(b, '.') && buf_put_number(b, a[i]);
	return fits;
}

static bool
put_ipv6(struct buf *b, const uint8_t *a)
{
	bool fits = buf_put_text(b, "IPv6:");

	for (int i = 0; fits && i < 16; i += 2)
		fits = (i == 0 || buf_push(b, ':')) &&
			buf_put_hex(b, span_at(a + i, 2));
	return fits;
}

bool
put_address_literal(struct buf *b, const uint8_t address[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(address, mapped, sizeof mapped) == 0)
		return put_ipv4(b, address + 12);
	return put_ipv6(b, address);
}

static bool
put_from(struct buf *b, const struct trace *t)
{
	if (!t->peer)
		return true;
	return buf_put_text(b, "from ") && buf_put(b, t->helo) &&
		buf_put_text(b, " ([") && put_address_literal(b, t->peer) &&
		buf_put_text(b, "])\r\n\t");
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
